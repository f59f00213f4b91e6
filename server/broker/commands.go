package broker

import (
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// served are the commands that are answered: those of a connection, of pub/sub, and of the plain data that producers keep
// beside what they publish (heartbeat, cached detections, indexes, streams). miniredis knows more, but some of those
// run code or allocate what a client asks for (SETRANGE, SRANDMEMBER) or panic on odd arguments (XTRIM),
// and it is this process that would end.
const served = `
	AUTH HELLO PING ECHO QUIT SELECT COMMAND CLIENT INFO TIME
	PUBLISH SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE PUBSUB
	MULTI EXEC DISCARD
	GET SET SETEX PSETEX SETNX MGET MSET INCR INCRBY DECR APPEND STRLEN
	DEL UNLINK EXISTS EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST TTL PTTL TYPE KEYS SCAN DBSIZE FLUSHDB FLUSHALL
	HSET HMSET HSETNX HGET HMGET HGETALL HDEL HEXISTS HLEN HKEYS HVALS
	SADD SREM SCARD SMEMBERS SISMEMBER
	ZADD ZREM ZCARD ZSCORE ZRANGE ZREVRANGE ZRANGEBYSCORE ZREMRANGEBYSCORE ZREMRANGEBYRANK
	LPUSH RPUSH LLEN LRANGE LTRIM
	XADD XLEN XRANGE XREVRANGE XREAD XINFO
`

// refuse returns a hook that answers the commands that are not served and reports whether it did.
func refuse() server.Hook {
	known := make(map[string]bool)
	for word := range strings.FieldsSeq(served) {
		known[word] = true
	}
	return func(c *server.Peer, cmd string, _ ...string) bool {
		if known[cmd] {
			return false
		}
		c.WriteError("ERR the embedded redis does not serve this command")
		return true
	}
}
