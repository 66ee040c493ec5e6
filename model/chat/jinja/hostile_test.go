package jinja

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A template that would run or grow for ever ends soon, with an error.
func TestHostileTemplatesEnd(t *testing.T) {
	loop := "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"
	for name, text := range map[string]string{
		"loops":             loop,
		"loops in a macro":  "{% macro m() %}" + loop + "{% endmacro %}{{ m() }}",
		"text doubled":      "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
		"list doubled":      "{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
		"repeat":            "{{ 'x' * 99999999999 }}",
		"repeat list":       "{{ [1] * 99999999999 }}",
		"repeat nothing":    "{{ [] * 99999999999 }}{{ raise_exception('end') }}",
		"replace":           "{% set x = 'a' * 1000000 %}{{ x.replace('a', x) }}",
		"replace filter":    "{% set x = 'a' * 1000000 %}{{ x|replace('a', x) }}",
		"join":              "{% set x = 'a' * 1000000 %}{{ range(100000)|join(x) }}",
		"power":             "{{ 9 ** 9999999 }}",
		"power squared":     "{% set ns = namespace(x=9) %}{% for i in range(99999) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
		"pad":               "{{ 'x'.center(99999999999) }}",
		"zfill":             "{{ 'x'.zfill(99999999999) }}",
		"percent width":     "{{ '%99999999999d' % 1 }}",
		"percent star":      "{{ '%*d' % (99999999999, 1) }}",
		"format width":      "{{ '{:99999999999}'.format(1) }}",
		"precision":         "{{ '%.99999999f' % 1.5 }}",
		"indent":            "{{ ('a\n' * 1000000)|indent(1000000) }}",
		"tabs":              "{{ ('\t' * 1000000).expandtabs(1000000) }}",
		"recursive macro":   "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
		"two macros":        "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
		"recursive loop":    "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
		"namespace in self": "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
		"deep list":         "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
		"deep json":         "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x|tojson }}",
		"deep equal":        "{% set ns = namespace(x=[], y=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
		"deep less":         "{% set ns = namespace(x=[], y=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% endfor %}{{ ns.x < ns.y }}",
		"deep key":          "{% set ns = namespace(x=()) %}{% for i in range(100000) %}{% set ns.x = (ns.x,) %}{% endfor %}{{ {ns.x: 1} }}",
		"wide repr":         "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
		"wide json":         "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|tojson }}",
		"wide key":          "{% set ns = namespace(x=(1,)) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}",
		"deep generators":   "{% set ns = namespace(x=[1]) %}{% for i in range(100000) %}{% set ns.x = ns.x|map('string') %}{% endfor %}{{ ns.x|list }}{{ raise_exception('end') }}",
		"long sum":          "{{ 1" + strings.Repeat("+1", 100_000) + " }}",
		"long attribute":    "{{ x" + strings.Repeat("[0]", 100_000) + " }}",
		"brackets":          "{{ " + strings.Repeat("(", 100_000),
		"nots":              "{{ " + strings.Repeat("not ", 100_000) + "1 }}",
		"signs":             "{{ " + strings.Repeat("-", 100_000) + "1 }}",
		"ifs":               strings.Repeat("{% if 1 %}", 100_000),
		"targets":           "{% set " + strings.Repeat("(", 100_000),
		"wordwrap":          "{{ ('a b' * 1000000)|wordwrap(1) }}{{ ('a b' * 10000000)|wordwrap(1) }}{{ raise_exception('end') }}",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			tmpl, err := Parse(text)
			if err == nil {
				_, err = tmpl.Render(nil)
			}
			var e *Error
			require.True(t, errors.As(err, &e), "no error")
			require.Less(t, time.Since(start), 20*time.Second)
			t.Logf("%v: %v", time.Since(start).Round(time.Millisecond), e)
		})
	}
}

// Nothing in a template opens a file.
func TestNoFiles(t *testing.T) {
	for _, text := range []string{"{% include '/etc/hostname' %}", "{% import '/etc/hostname' as x %}", "{% from 'x' import y %}", "{% extends '/etc/hostname' %}"} {
		tmpl, err := Parse(text)
		require.NoError(t, err)
		_, err = tmpl.Render(nil)
		require.ErrorContains(t, err, "template line 1: TypeError: no loader")
	}
}
