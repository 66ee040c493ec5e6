package jinja

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// now is the clock of strftime_now: local time, or SOURCE_DATE_EPOCH (seconds since 1970) in UTC where that is set.
// Format: https://reproducible-builds.org/specs/source-date-epoch/
func now() time.Time {
	epoch := os.Getenv("SOURCE_DATE_EPOCH")
	if epoch == "" {
		return time.Now()
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		raise("ValueError", "SOURCE_DATE_EPOCH is %q, expected a whole number of seconds since 1970", epoch)
	}
	return time.Unix(seconds, 0).UTC()
}

func strftimeNow(st *state, a Args) Value {
	s := a.bind("strftime_now", "format").str(0, "")
	st.grow(64 * len(s))
	return strftime(now(), s)
}

// strftime writes t by the directives of C and glibc, in the C locale; an unknown one stays as it is.
func strftime(t time.Time, format string) string {
	layouts := map[byte]string{
		'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'c': "Mon Jan _2 15:04:05 2006", 'd': "02", 'D': "01/02/06",
		'e': "_2", 'F': "2006-01-02", 'h': "Jan", 'H': "15", 'I': "03", 'j': "002", 'm': "01", 'M': "04", 'p': "PM", 'P': "pm", 'r': "03:04:05 PM",
		'R': "15:04", 'S': "05", 'T': "15:04:05", 'x': "01/02/06", 'X': "15:04:05", 'y': "06", 'Y': "2006",
	}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		trim := format[i] == '-' && i+1 < len(format) // glibc's %-d: no padding
		if trim {
			i++
		}
		piece := ""
		layout, known := layouts[format[i]]
		switch c := format[i]; {
		case known:
			piece = t.Format(layout)
		case c == '%':
			piece = "%"
		case c == 'n':
			piece = "\n"
		case c == 't':
			piece = "\t"
		case c == 'f':
			piece = fmt.Sprintf("%06d", t.Nanosecond()/1000)
		case c == 's':
			piece = strconv.FormatInt(t.Unix(), 10)
		case c == 'u':
			piece = strconv.Itoa((int(t.Weekday())+6)%7 + 1)
		case c == 'w':
			piece = strconv.Itoa(int(t.Weekday()))
		case c == 'k':
			piece = fmt.Sprintf("%2d", t.Hour())
		case c == 'l':
			piece = fmt.Sprintf("%2d", (t.Hour()+11)%12+1)
		case c == 'C':
			piece = fmt.Sprintf("%02d", t.Year()/100)
		case c == 'G' || c == 'V' || c == 'g':
			year, week := t.ISOWeek()
			piece = map[byte]string{'G': strconv.Itoa(year), 'g': fmt.Sprintf("%02d", year%100), 'V': fmt.Sprintf("%02d", week)}[c]
		case c == 'U':
			piece = fmt.Sprintf("%02d", (t.YearDay()+6-int(t.Weekday()))/7)
		case c == 'W':
			piece = fmt.Sprintf("%02d", (t.YearDay()+6-(int(t.Weekday())+6)%7)/7)
		case c == 'z' || c == 'Z':
			// Python's datetime.now() has no time zone
		default:
			piece = "%" + string(c)
		}
		if trim {
			if piece = strings.TrimLeft(piece, "0 "); piece == "" {
				piece = "0"
			}
		}
		b.WriteString(piece)
	}
	return b.String()
}
