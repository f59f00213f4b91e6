package docs

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tierboard/shared/api"
)

// The frames of the live stream, as package wire writes and reads them, described for programs in other languages. A test holds
// them to package wire; the names of the types are those of the schemas.

// subscribe is a client's wish.
type subscribe struct {
	Type    string           `json:"type" enum:"subscribe" doc:"Starts a subscription; the same id again swaps its filters without a gap." example:"subscribe"`
	ID      string           `json:"id" minLength:"1" maxLength:"64" doc:"A name of your own." example:"main"`
	Filters []api.FilterSpec `json:"filters" minItems:"1" maxItems:"16" doc:"An event is wanted when one of them wants it; {} wants everything."`
	Resume  *resume          `json:"resume,omitempty" doc:"Where you stopped reading: what matched since is replayed. Without it the newest matches come as a snapshot."`
}

// resume is a position.
type resume struct {
	Epoch string `json:"epoch" doc:"From welcome." example:"QJ5W3X6N7K2M4P8R"`
	Seq   uint64 `json:"seq" doc:"The seq of the last batch." example:"512"`
}

// unsubscribe ends a subscription.
type unsubscribe struct {
	Type string `json:"type" enum:"unsubscribe" doc:"Ends a subscription." example:"unsubscribe"`
	ID   string `json:"id" maxLength:"64" doc:"Its name." example:"main"`
}

// ping asks for a sign of life.
type ping struct {
	Type string `json:"type" enum:"ping" doc:"Asks for a pong." example:"ping"`
	ID   string `json:"id,omitempty" maxLength:"64" doc:"Comes back in the pong." example:"7"`
}

// welcome is the first frame.
type welcome struct {
	Type       string    `json:"type" enum:"welcome" doc:"Once, first." example:"welcome"`
	Protocol   int       `json:"protocol" doc:"Version of the frames." example:"1"`
	Epoch      string    `json:"epoch" doc:"Names this life of the server; positions of another epoch mean nothing." example:"QJ5W3X6N7K2M4P8R"`
	ServerTime time.Time `json:"server_time" doc:"The server's clock." example:"2026-11-20T19:31:11.020Z"`
	WindowMS   int       `json:"window_ms" doc:"The longest an event waits for company, milliseconds." example:"10"`
	RateLimit  int       `json:"rate_limit" doc:"Live events a second; 0 for no limit." example:"100"`
	Build      string    `json:"build,omitempty" doc:"Names the page's files." example:"5b1f0f3a"`
	Demo       bool      `json:"demo,omitempty" doc:"The feed is invented." example:"false"`
}

// subscribed answers subscribe.
type subscribed struct {
	Type     string           `json:"type" enum:"subscribed" doc:"Confirms a subscription. Batches with its id follow, then live ones." example:"subscribed"`
	ID       string           `json:"id" doc:"Its name." example:"main"`
	Filters  []api.FilterSpec `json:"filters" doc:"As the server understood them."`
	Seq      uint64           `json:"seq" doc:"Events after it follow live." example:"500"`
	Replayed int              `json:"replayed" doc:"Events in the replay or snapshot." example:"12"`
	Resumed  bool             `json:"resumed" doc:"Nothing is missing since the position of resume." example:"true"`
}

// unsubscribed answers unsubscribe.
type unsubscribed struct {
	Type string `json:"type" enum:"unsubscribed" doc:"Confirms the end." example:"unsubscribed"`
	ID   string `json:"id" doc:"Its name." example:"main"`
	Seq  uint64 `json:"seq" doc:"The last position that it covered." example:"512"`
}

// batch brings events.
type batch struct {
	Type       string        `json:"type" enum:"batch" doc:"Events, each once for a session, in ascending order of seq." example:"batch"`
	ID         string        `json:"id,omitempty" doc:"The subscription that a replay or snapshot belongs to; absent from live batches." example:"main"`
	Seq        uint64        `json:"seq" doc:"The highest position covered, for resume." example:"512"`
	SentAt     time.Time     `json:"sent_at" doc:"When it was made." example:"2026-11-20T19:31:11.020Z"`
	Events     []api.Pattern `json:"events" doc:"As in lists, without status, related and outcome."`
	Suppressed int           `json:"suppressed" doc:"Events that the rate limit held back since the last batch; lists have them." example:"3"`
	Dropped    int           `json:"dropped,omitempty" doc:"Events left out because you read too slowly; lists have them." example:"2"`
	Reset      bool          `json:"reset" doc:"Begin of a snapshot: forget what the subscription brought before." example:"true"`
}

// gap tells of events that cannot be replayed.
type gap struct {
	Type    string     `json:"type" enum:"gap" doc:"Events could not be replayed; a snapshot follows." example:"gap"`
	ID      string     `json:"id,omitempty" doc:"The subscription." example:"main"`
	FromSeq uint64     `json:"from_seq,omitempty" doc:"The first one missed; absent if unknown." example:"124"`
	ToSeq   uint64     `json:"to_seq,omitempty" doc:"The last one missed; absent if unknown." example:"500"`
	From    *time.Time `json:"from,omitempty" doc:"From when on something is missing." example:"2026-11-20T19:02:00.000Z"`
	To      *time.Time `json:"to,omitempty" doc:"Until when." example:"2026-11-20T19:31:11.000Z"`
	REST    string     `json:"rest" doc:"The list that has them." example:"/api/patterns?since=2026-11-20T19:02:00.000Z"`
}

// status tells how the feed does.
type status struct {
	Type      string               `json:"type" enum:"status" doc:"The state of the feed, on change and every 15 s." example:"status"`
	Ingest    string               `json:"ingest" enum:"connected,down" doc:"Whether events can come." example:"connected"`
	Tiers     map[string]string    `json:"tiers" doc:"By tier: ok, idle, late, stale or down."`
	Reasons   map[string]string    `json:"reasons" doc:"Why, by tier; without those that are ok."`
	LastEvent map[string]time.Time `json:"last_event_at" doc:"When the newest event came, by tier."`
	Market    *market              `json:"market,omitempty" doc:"The exchange's clock."`
}

// market is the exchange's clock.
type market struct {
	Session     string     `json:"session" enum:"pre_market,regular,post_market,closed" doc:"The session now." example:"regular"`
	SessionDate string     `json:"session_date,omitempty" format:"date" doc:"The trading day." example:"2026-11-20"`
	Holiday     string     `json:"holiday,omitempty" doc:"Why there is no trading today." example:"Thanksgiving Day"`
	EarlyClose  bool       `json:"early_close,omitempty" doc:"Today closes early." example:"false"`
	ClosesAt    *time.Time `json:"closes_at,omitempty" doc:"End of regular trading." example:"2026-11-20T21:00:00.000Z"`
	NextOpen    *time.Time `json:"next_open,omitempty" doc:"The next begin of regular trading." example:"2026-11-23T14:30:00.000Z"`
}

// pong answers ping.
type pong struct {
	Type string `json:"type" enum:"pong" doc:"Answers a ping." example:"pong"`
	ID   string `json:"id,omitempty" doc:"The ping's." example:"7"`
}

// refusal refuses a frame.
type refusal struct {
	Type   string `json:"type" enum:"error" doc:"Refuses a frame; the connection goes on." example:"error"`
	ID     string `json:"id,omitempty" doc:"The request's." example:"main"`
	Code   string `json:"code" enum:"bad_frame,bad_filter,too_large,too_many,rate_limited,unknown_type" doc:"Why, in one word." example:"bad_filter"`
	Detail string `json:"detail" doc:"A sentence that names the field." example:"filters[0].tiers: \"dayly\" is no tier"`
}

// bye announces the end.
type bye struct {
	Type        string `json:"type" enum:"bye" doc:"The server is going away." example:"bye"`
	ReconnectMS int    `json:"reconnect_ms" doc:"Come back after so long." example:"2300"`
}

// clientFrames and serverFrames are all frames, in the order of a conversation.
var (
	clientFrames = []any{subscribe{}, unsubscribe{}, ping{}}
	serverFrames = []any{welcome{}, subscribed{}, batch{}, gap{}, status{}, unsubscribed{}, pong{}, refusal{}, bye{}}
)

// frameSchemas returns the schemas of all frames, and the names of those that a client sends and receives.
func frameSchemas() (registry huma.Registry, sent, received []string) {
	registry = huma.NewMapRegistry("#/$defs/", huma.DefaultSchemaNamer)
	names := func(frames []any) (out []string) {
		for _, f := range frames {
			t := reflect.TypeOf(f)
			registry.Schema(t, true, "")
			out = append(out, huma.DefaultSchemaNamer(t, ""))
		}
		return out
	}
	sent, received = names(clientFrames), names(serverFrames)
	for _, s := range registry.Map() {
		for _, p := range s.Properties {
			if p.Type == huma.TypeArray { // never null
				p.Nullable = false
			}
		}
	}
	return registry, sent, received
}

// FramesJSON returns the frames of the live stream as one JSON Schema document: $defs has each by its name. Receivers skip fields
// that they do not know, so the schemas of what the server sends allow more than they name.
func FramesJSON() ([]byte, error) {
	registry, sent, received := frameSchemas()
	oneOf := func(names []string) map[string]any {
		var refs []any
		for _, n := range names {
			refs = append(refs, map[string]any{"$ref": "#/$defs/" + n})
		}
		return map[string]any{"oneOf": refs}
	}
	defs := map[string]any{"FromClient": oneOf(sent), "FromServer": oneOf(received)}
	for name, s := range registry.Map() {
		if s.Type == huma.TypeObject && s.AdditionalProperties == false && name != "FilterSpec" {
			s.AdditionalProperties = true
		}
		defs[name] = s
	}
	return json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "Tierboard live stream",
		"description": "The frames of the WebSocket at " + api.PathWebSocket + ". With the subprotocol tierboard.v1.json a frame is a text message with one JSON object; " +
			"with tierboard.v1.msgpack it is a binary message with the same map in msgpack. FromClient is what a client may send, FromServer what it gets.",
		"$ref": "#/$defs/FromServer", "$defs": defs,
	}, "", " ")
}
