// Package ui draws the board: the page with its three live columns, their filters, and the state of the connection.
//
// Two ways of drawing meet here. Everything a person operates (buttons, filters, chips, notices, tabs) is ordinary go-app,
// rendered by Dashboard from its few fields. Everything that changes with the stream (cards, counts, ages, the clock) is
// written straight to the DOM by page and package list, into elements that go-app created empty and therefore never touches:
// go-app compares lists by position, so a prepended card would rewrite every row, and each of its updates waits for its own
// timer. See the Decisions below.
//
// The package compiles natively too, since the server renders the same page before the program has loaded. Files that end in
// _js.go hold what needs a browser; page_native.go answers for them elsewhere.
//
// # Threads
//
// The browser has one thread. A socket's callback runs to its end before go-app's goroutine continues, so Board, page and
// lists need no locks; none of them may block. State of Dashboard is only changed in go-app handlers or through Dispatch.
//
// # Decisions
//
// 2026-11-23 The page's script boot.js opens the socket and asks for the cards while the program is still being compiled; the first
// Render waits up to 40 ms for what is on its way. Because: a visitor then sees the page drawn once, with its cards, a fifth of
// the CPU and a round trip sooner. Rejected: drawing an empty board first, which is then rendered, laid out and painted again.
// Look again when: the program starts in a few milliseconds.
//
// 2026-11-23 One element wears several marks. Direction arrow, confidence meter, age and icons are drawn by style rules on
// the elements that carry the text, so that a card has twelve elements. Because: once script takes a millisecond, the
// bill is layout and paint, and it follows the number of elements. Rejected: an element for each. Look again when: never.
package ui
