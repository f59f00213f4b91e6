// Command naive is the board's lists rendered the plain go-app way, for `make bench-ui` to compare ours with: no window,
// no islands, no recycled nodes. It runs in a browser only; started natively it does nothing.
package main
