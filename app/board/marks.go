package board

import "tierboard/shared/event"

// Mark is one event to highlight.
type Mark struct {
	ID     string         // the event's id
	CardID string         // id of the shown card that stands for it; "" if it is not shown
	Tier   event.Tier     // where it belongs, also if it is not on the board
	Link   event.LinkKind // how sure the link is; "" for events that only share the symbol
}

// Marks is what belongs to one event: to be tinted softly (Same) and outlined (Chain).
type Marks struct {
	ID     string
	Symbol string // "" if the board does not have the event
	Same   []Mark // shown cards of the same symbol, without the event's own card
	Chain  []Mark // the combos the event is in, or the parts of the combo it is, each once
}

// Related returns what belongs to an event. The chain goes both ways: from a combo to its setup and trigger, and
// from one of these to the combos made of it and to their other part.
func (b *Board) Related(id string) Marks {
	m := Marks{ID: id}
	card := b.Find(id)
	if card == nil {
		return m
	}
	m.Symbol = card.Event.Symbol
	own := b.shownID(id)
	for i := range b.columns {
		for _, c := range b.columns[i].shown {
			if c.Event.Symbol == m.Symbol && c.Event.ID != id && c.Event.ID != own {
				m.Same = append(m.Same, Mark{ID: c.Event.ID, CardID: c.Event.ID, Tier: c.Event.Tier})
			}
		}
	}
	if card.Event.Tier == event.Combo {
		m.parts(b, card.Event)
		return m
	}
	combos := b.Column(event.Combo)
	for _, list := range [...][]*Card{combos.all, combos.base} {
		for _, c := range list {
			if link := partOf(c.Event, id); link != "" && m.add(b, c.Event.ID, event.Combo, link) {
				m.parts(b, c.Event)
			}
		}
	}
	return m
}

// parts adds the setup and trigger of a combo.
func (m *Marks) parts(b *Board, combo *event.Event) {
	if combo.Combo == nil {
		return
	}
	if l := combo.Combo.Setup; l != nil {
		m.add(b, l.ID, event.Daily, l.Kind)
	}
	if l := combo.Combo.Trigger; l != nil {
		m.add(b, l.ID, event.Intraday, l.Kind)
	}
}

// add puts an event into the chain once and reports whether it did.
func (m *Marks) add(b *Board, id string, t event.Tier, link event.LinkKind) bool {
	if id == "" || id == m.ID {
		return false
	}
	for i := range m.Chain {
		if m.Chain[i].ID == id {
			return false
		}
	}
	m.Chain = append(m.Chain, Mark{ID: id, CardID: b.shownID(id), Tier: t, Link: link})
	return true
}

// partOf reports how an event is linked into a combo; "" if it is not.
func partOf(combo *event.Event, id string) event.LinkKind {
	if combo.Combo == nil {
		return ""
	}
	for _, l := range [...]*event.Link{combo.Combo.Setup, combo.Combo.Trigger} {
		if l != nil && l.ID == id {
			return l.Kind
		}
	}
	return ""
}

// shownID returns the id of the shown card that stands for an event, or "".
func (b *Board) shownID(id string) string {
	card := b.Find(id)
	if card == nil {
		return ""
	}
	if head := b.Column(card.Event.Tier).headOf(card); head != nil {
		return head.Event.ID
	}
	return ""
}

// ShownAs returns the shown card that stands for an event, itself or the one it was conflated into; nil if none does.
func (b *Board) ShownAs(id string) *Card {
	card := b.Find(id)
	if card == nil {
		return nil
	}
	return b.Column(card.Event.Tier).headOf(card)
}
