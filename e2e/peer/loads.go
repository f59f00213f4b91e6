package main

import (
	"fmt"
	"strconv"
	"strings"
)

// load is how many users there are, and how much is published.
type load struct {
	users int
	rate  float64 // events a second
}

// loads is a list of them, as a flag: 500@500,2000@200.
type loads []load

// String writes the list as Set reads it.
func (l *loads) String() string {
	var parts []string
	for _, one := range *l {
		parts = append(parts, fmt.Sprintf("%d@%v", one.users, one.rate))
	}
	return strings.Join(parts, ",")
}

// mostEmitUsers is more than what one process of Flask-SocketIO serves.
const mostEmitUsers = 5000

// Set reads such a list; an empty text is an empty list.
func (l *loads) Set(text string) error {
	var list loads
	for part := range strings.SplitSeq(text, ",") {
		if text == "" {
			break
		}
		users, rate, ok := strings.Cut(part, "@")
		if !ok {
			return fmt.Errorf("%q is no users@events", part)
		}
		var one load
		var err error
		if one.users, err = strconv.Atoi(users); err != nil || one.users < 1 || one.users > mostEmitUsers {
			return fmt.Errorf("%q users: not within 1 and %d", users, mostEmitUsers)
		}
		if one.rate, err = strconv.ParseFloat(rate, 64); err != nil || !(one.rate >= 1 && one.rate <= 5000) {
			return fmt.Errorf("%q events a second: not within 1 and 5000", rate)
		}
		list = append(list, one)
	}
	*l = list
	return nil
}
