package timing

import "time"

// Budget ends a measurement: after a number of runs, or else after a time.
type Budget struct {
	Runs     int           // 0: Duration decides
	Duration time.Duration // of all runs together
	// Settled, if set, ends it before its time, once there are ten runs: more would not
	// say more. It is asked after every turn.
	Settled func() bool
}

// Done reports whether n runs that took so long are enough. Ten are the least,
// unless the number of runs is given.
func (b Budget) Done(n int, took time.Duration) bool {
	if b.Runs > 0 {
		return n >= b.Runs
	}
	enough := took >= b.Duration || b.Settled != nil && b.Settled()
	return n >= 10 && enough
}
