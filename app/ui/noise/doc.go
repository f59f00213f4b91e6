// Package noise draws attention to what is important: with a sound, or with a notification of the desktop. It exists in the browser only.
package noise
