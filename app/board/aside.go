package board

import (
	"slices"
	"sort"

	"tierboard/shared/event"
	"tierboard/shared/filter"
)

// asks reports whether the server sends an event with the filters in force.
func (c *Column) asks(e *event.Event) bool {
	return c.server.Match(e) && (c.board.scope == nil || filter.Any(c.board.scope, e))
}

// setAside keeps what the server will not send again, at most the newest, before the model is emptied.
func (c *Column) setAside(most int) {
	for _, card := range c.all {
		if !c.asks(card.Event) {
			c.aside = append(c.aside, card)
			c.asideByID[card.Event.ID] = card
		}
	}
	sort.Slice(c.aside, func(i, j int) bool { return newer(c.aside[i].Event, c.aside[j].Event) })
	c.cutAside(most)
}

// boundAside lets go of the oldest that were set aside, so that the column knows no more events than its bound.
func (c *Column) boundAside() { c.cutAside(c.bound - len(c.all)) }

// cutAside keeps the newest of what was set aside.
func (c *Column) cutAside(most int) {
	for len(c.aside) > max(most, 0) {
		last := len(c.aside) - 1
		delete(c.asideByID, c.aside[last].Event.ID)
		c.aside[last] = nil
		c.aside = c.aside[:last]
	}
}

// takeBack returns the card of an event that was set aside, which is no longer, or nil.
func (c *Column) takeBack(id string) *Card {
	card := c.asideByID[id]
	if card == nil {
		return nil
	}
	delete(c.asideByID, id)
	i := slices.Index(c.aside, card)
	c.aside = slices.Delete(c.aside, i, i+1)
	return card
}

// bringBack puts everything that was set aside into the model, and on the screen of a held column what passes the filter: the
// reader asked for it.
func (c *Column) bringBack() {
	for _, card := range c.aside {
		e := card.Event
		card.ok = c.matches(e)
		c.all = slices.Insert(c.all, c.at(e), card)
		c.board.byID[e.ID] = card
		if c.frozen && c.frozenByID[e.ID] == nil {
			at := sort.Search(len(c.base), func(i int) bool { return !newer(c.base[i].Event, e) })
			c.base = slices.Insert(c.base, at, card)
			c.frozenByID[e.ID] = card
		}
	}
	c.forgetAside()
}

// forgetAside lets go of everything that was set aside.
func (c *Column) forgetAside() {
	clear(c.asideByID)
	c.aside = nil
}
