// Package chat turns conversations into the text that a model was trained on, by the model's own chat template.
//
// The verbs: Load the template and special tokens of a model folder, Parse a template's text, Render it with variables,
// Prompt for the common case of messages and a generation prompt, RenderSpans to learn which bytes the assistant wrote
// (the mask of supervised fine-tuning), Lines to serve JSON lines.
//
// The language itself, and what a template of unknown origin may and may not do, is in chat/jinja. A text rendered here
// already holds the BOS token wherever the model wants one: encode it with special tokens off.
//
// Format: Hugging Face's chat_template in tokenizer_config.json, and chat_template.jinja.
package chat

import (
	"croco/model/chat/jinja"
)

// Template is a chat template with the special tokens that it may name. Goroutines may share one.
type Template struct {
	plain  *jinja.Template
	tools  *jinja.Template // for conversations with tools; nil where the model has one template for all
	tokens *jinja.Dict     // bos_token and so on
}

// Span is a half-open range of bytes of rendered text.
type Span = jinja.Span

// Parse reads the text of a template, without special tokens.
func Parse(text string) (*Template, error) {
	parsed, err := jinja.Parse(text)
	if err != nil {
		return nil, err
	}
	return &Template{plain: parsed, tokens: &jinja.Dict{}}, nil
}

// Render executes the template. vars may hold messages, tools, documents, add_generation_prompt, any …_token (which goes
// before the model's own) and whatever else the template reads. A model's "tool_use" template is taken where tools is not null.
// The error is a *jinja.Error; its Raised method tells a refusal by the template from a fault.
func (t *Template) Render(vars *jinja.Dict) (string, error) {
	return t.pick(vars).Render(t.with(vars))
}

// RenderSpans renders and returns the bytes that lie in generation blocks, in order; none where the template marks none.
func (t *Template) RenderSpans(vars *jinja.Dict) (string, []Span, error) {
	return t.pick(vars).RenderSpans(t.with(vars))
}

// Prompt renders messages as transformers' apply_chat_template does: tools and documents are null unless extra holds them.
// extra may be nil.
func (t *Template) Prompt(messages []Message, generationPrompt bool, extra *jinja.Dict) (string, error) {
	return t.Render(Variables(messages, generationPrompt, extra))
}

// Variables are those that Prompt renders with.
func Variables(messages []Message, generationPrompt bool, extra *jinja.Dict) *jinja.Dict {
	list := &jinja.List{}
	for _, m := range messages {
		list.Items = append(list.Items, m.Fields())
	}
	vars := jinja.NewDict("messages", list, "tools", nil, "documents", nil, "add_generation_prompt", generationPrompt)
	return overlay(vars, extra)
}

// Token returns a special token by its name, like "eos_token".
func (t *Template) Token(name string) (string, bool) {
	v, _ := t.tokens.Get(name)
	s, ok := v.(string)
	return s, ok
}

func (t *Template) pick(vars *jinja.Dict) *jinja.Template {
	if t.tools != nil && vars != nil {
		if tools, ok := vars.Get("tools"); ok && tools != nil {
			return t.tools
		}
	}
	return t.plain
}

func (t *Template) with(vars *jinja.Dict) *jinja.Dict { return overlay(t.tokens, vars) }

// overlay is a copy of base with the entries of over on top.
func overlay(base, over *jinja.Dict) *jinja.Dict {
	all := base.Clone()
	if over != nil {
		for _, k := range over.Keys() {
			v, _ := over.Get(k)
			all.Set(k, v)
		}
	}
	return all
}

// ChatML is a template for models that have none, to be chosen by the user and never guessed: with it a model must know
// <|im_start|> and <|im_end|>. The assistant's words and its <|im_end|> are generation blocks.
const ChatML = `{%- macro text(content) -%}
{%- if content is string %}{{ content }}{% else %}{% for part in content %}{{ part.text }}{% endfor %}{% endif -%}
{%- endmacro -%}
{%- for message in messages -%}
{{ '<|im_start|>' + message.role + '\n' }}
{%- if message.role == 'assistant' -%}
{% generation %}{{ text(message.content) + '<|im_end|>' }}{% endgeneration %}
{%- else -%}
{{ text(message.content) + '<|im_end|>' }}
{%- endif -%}
{{ '\n' }}
{%- endfor -%}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif -%}
`
