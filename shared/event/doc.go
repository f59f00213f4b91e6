// Package event defines Event, the one immutable thing a producer reported, and the small vocabulary it is
// made of: Kind, Tier, Priority, Direction, Session, Level and the tier-specific details.
//
// An Event is built once, by classification, and never changed after it was published to the hub: every
// session shares the same pointer, so a reader may keep it and nobody may write to it.
//
// # Decisions
//
// 2026-11-23 One shape for all tiers. An Event is the same struct on the WebSocket, in REST, in exports and in
// storage, and holds exactly one tier detail. Because: a consumer needs one decoder, and three copies of a card
// drift apart. Rejected: a type for each tier. Look again when: a fourth tier needs more than one field of its own.
//
// 2026-11-23 Dimensions are names, not numbers. What an event can be filtered by beyond the built-in dimensions
// travels in Facets under a plain name. Because: a later kind (market state with its regime, an alert addressed
// to a user) must be matchable without an edit in matching or delivery. Rejected: a global registry of numbered
// dimensions, since registration order would become part of the meaning. Look again when: a profile shows the
// map look-up.
package event
