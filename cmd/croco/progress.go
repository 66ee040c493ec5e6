package main

import (
	"fmt"
	"strings"
	"time"

	"croco/engine"
)

// line is a progress line: on a terminal one that is rewritten, otherwise a log line every few seconds.
type line struct {
	t     *console
	last  time.Time
	width int // of what stands on the terminal
}

// show puts a text on the line, not more often than people can read; now does it in any case.
func (l *line) show(text string, now bool) {
	pause := 5 * time.Second
	if l.t.tty {
		pause = 100 * time.Millisecond
	}
	if l.t.quiet || !now && time.Since(l.last) < pause {
		return
	}
	l.last = time.Now()
	if !l.t.tty {
		fmt.Fprintln(l.t.err, text)
		return
	}
	n := len([]rune(text))
	fmt.Fprint(l.t.err, "\r"+text+strings.Repeat(" ", max(0, l.width-n)))
	l.width = n
}

// end leaves the line as it stands and goes to the next.
func (l *line) end() {
	if l.t.tty && l.width > 0 {
		fmt.Fprintln(l.t.err)
	}
	l.width = 0
}

// progress shows how far a stage is: done/total, rate, time left.
func (t *console) progress() engine.Progress { return (&line{t: t}).progress() }

// progress is the same on a line that others use as well, for one stage after another.
func (l *line) progress() engine.Progress {
	var begin time.Time
	var first engine.Update
	return func(u engine.Update) {
		if u.Stage != first.Stage || u.Done < first.Done {
			begin, first = time.Now(), u
		}
		l.show(progressText(first, u, time.Since(begin)), u.Done == u.Total)
		if u.Done == u.Total {
			l.end()
		}
	}
}

// progressText is the line of a stage that came from first to u in so much time.
func progressText(first, u engine.Update, passed time.Duration) string {
	parts := []string{fmt.Sprintf("%s %d/%d %s", u.Stage, u.Done, u.Total, u.Unit)}
	if tokens := u.Tokens - first.Tokens; tokens > 0 && passed > 0 {
		parts = append(parts, count(float64(tokens)/passed.Seconds())+" tok/s")
	}
	if u.Shared > 0 {
		parts = append(parts, fmt.Sprintf("%.0f %% of prompt tokens shared", 100*u.Shared))
	}
	if done := u.Done - first.Done; done > 0 && u.Done < u.Total {
		parts = append(parts, "eta "+brief(passed*time.Duration(u.Total-u.Done)/time.Duration(done)))
	}
	return strings.Join(parts, " | ")
}

// count is a number in three or four figures: 18.3k.
func count(v float64) string {
	for _, unit := range []string{"", "k", "M", "G"} {
		switch {
		case v < 10 && unit == "":
			return fmt.Sprintf("%.1f", v)
		case v < 1000 && (unit == "" || v >= 100):
			return fmt.Sprintf("%.0f%s", v, unit)
		case v < 1000:
			return fmt.Sprintf("%.1f%s", v, unit)
		}
		v /= 1000
	}
	return fmt.Sprintf("%.0fT", v)
}

// brief is a duration in its two largest units: 1h05m, 12m30s, 9s.
func brief(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	switch {
	case s >= 3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s%3600/60)
	case s >= 60:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	}
	return fmt.Sprintf("%ds", s)
}
