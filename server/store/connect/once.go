package connect

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
)

// Once returns a database that is reached over one connection, which is made when it is needed and never again once it is
// lost. It is for whoever begins a transaction by a statement and goes on with it over many calls. The caller closes it.
func Once(p Place) (*bun.DB, error) {
	c, d, err := p.connector()
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(&onceConnector{Connector: c})
	pool.SetMaxOpenConns(1)
	pool.SetMaxIdleConns(1)
	return bun.NewDB(pool, d), nil
}

// onceConnector connects once and refuses to do it again: whoever holds a transaction over many calls must not go on without
// it on a second connection.
type onceConnector struct {
	driver.Connector
	mu   sync.Mutex
	used bool // guarded by mu
}

// Connect opens the one connection.
func (c *onceConnector) Connect(ctx context.Context) (driver.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used {
		return nil, errors.New("the connection was lost")
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c.used = true
	if pg, ok := conn.(*stdlib.Conn); ok {
		return heldConn{pg}, nil
	}
	return conn, nil
}

// heldConn stays in its pool with an open transaction, which its driver would take for a forgotten one.
type heldConn struct{ *stdlib.Conn }

// ResetSession leaves the connection as it is.
func (heldConn) ResetSession(context.Context) error { return nil }
