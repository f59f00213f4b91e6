// Package list shows one column's cards: at most as many elements as can be seen and some more, each written anew only where its card
// says something else. It exists in the browser only.
package list
