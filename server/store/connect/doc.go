// Package connect is the connection to the archive's database, which is a SQLite file or a PostgreSQL server: it opens one,
// knows whether it answers and how long that takes, and can copy it.
package connect
