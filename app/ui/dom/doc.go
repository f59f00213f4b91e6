// Package dom writes to the page itself, past go-app: elements, words that are written only when they differ, listeners, timers and
// the browser's storage. It exists in the browser only.
package dom
