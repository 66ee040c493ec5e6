package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// log is for what a stage has to tell beside its progress.
func (t *console) log() *slog.Logger { return slog.New(lines{t}) }

// lines writes log records as sentences: "reference: computed 3, from_record 5". There are no groups.
type lines struct{ t *console }

func (l lines) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (l lines) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l lines) WithGroup(string) slog.Handler                    { return l }

func (l lines) Handle(_ context.Context, r slog.Record) error {
	var parts []string
	r.Attrs(func(a slog.Attr) bool {
		parts = append(parts, fmt.Sprintf("%s %v", a.Key, a.Value))
		return true
	})
	text := r.Message
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	l.t.say("%s", text)
	return nil
}
