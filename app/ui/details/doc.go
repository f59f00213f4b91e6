// Package details shows all that is known of one event: its numbers, its price levels, what it is linked with, and every field it came
// with. It exists in the browser only.
package details
