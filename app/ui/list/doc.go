// Package list shows one column's cards: as many elements as fit it, and more for somebody who may scroll, each written anew only where
// its card says something else. It exists in the browser only.
//
// # Decisions
//
// 2026-11-23 Card lists are an island of direct DOM writes. Because: 30 new cards in three lists of 200 took 99 ms at the median (176 ms
// at the 99th percentile) as plain go-app, a tenth of that as recycled nodes of which few are mounted. Rejected: keyed components
// (slower still), a JavaScript file (no gain over syscall/js that was worth a second language). Look again when: go-app compares
// lists by key.
//
// 2026-11-23 Nothing is mounted below the end of a column before a pointer, a finger or the focus is in it. Because: three cards more a
// column cost a fifth of a batch of 30 in script, layout and paint. Rejected: mounting them when a scroll has begun, which ends it
// early. Look again when: layout is no more than half of a batch.
//
// 2026-11-23 A card that moves is moved with moveBefore, where the browser has it, while many come. Because: that keeps its boxes, and
// taking out and putting in makes them anew. Rejected: always, since the animation of a card that takes a row over would not begin
// again. Look again when: all browsers have it.
package list
