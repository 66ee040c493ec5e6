// Package jinja interprets the template language of chat templates: Jinja2 3.1 as Hugging Face sets it up
// (trim_blocks, lstrip_blocks, loop controls, {% generation %}, a plain tojson, raise_exception, strftime_now).
//
// The verbs: Parse a text once, Render it with variables (any number of goroutines at a time), RenderSpans to learn
// where the generation blocks came to lie, Decode JSON into values that keep the order of keys and the difference
// between 1 and 1.0, Dump a value as Python's json.dumps does, Str and Repr it as Python's str and repr do.
//
// The text flows through four stages, a file or two each:
//
//	lexer.go                     text → tokens, white space control
//	parser.go, expressions.go    tokens → nodes
//	statements.go, evaluate.go   nodes → text; every node executes or evaluates itself
//	filters_*, methods_*, tests  what nodes can call
//
// A template comes from a stranger. It reads no file (include, import and extends are errors), its steps, bytes and
// depth are bounded (Limits), and it cannot change what it is given: the same refusals as Jinja2's immutable sandbox.
//
// Errors carry the class and the words of the Python exception, so that they can be compared with Jinja2's own.
// Inside, an error is raised with panic(*Error) and caught by Parse and Render, in the manner of text/template.
//
// Format: https://jinja.palletsprojects.com/en/stable/templates/ and Python 3.11's data model.
package jinja
