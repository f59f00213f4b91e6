package wire

import (
	"unicode/utf8"

	"tierboard/shared/wire/unpack"
)

// cursor reads the frames and what is in them.
type cursor struct{ unpack.Cursor }

// read returns a cursor at the beginning of b.
func read(b []byte) cursor { return cursor{unpack.New(b)} }

// typ returns the value of a map's "type", which aliases the input, without moving on.
func (c *cursor) typ() []byte {
	look := *c
	for range look.MapLen() {
		if string(look.Raw()) == "type" {
			if typ := look.Raw(); !look.Bad() && utf8.Valid(typ) {
				return typ
			}
			break
		}
		look.Skip(-frameDepth)
		if look.Bad() {
			break
		}
	}
	c.Fail()
	return nil
}

// fields calls read for each key of a map; read must consume the value or return false to have it skipped. Null values
// are skipped: they mean absent. The key aliases the input, so that comparing it allocates nothing.
func (c *cursor) fields(read func(key []byte) bool) {
	for range c.MapLen() {
		if c.Bad() {
			return
		}
		key := c.Raw()
		if c.Null() {
			continue
		}
		if !read(key) {
			c.Skip(-frameDepth)
		}
	}
}
