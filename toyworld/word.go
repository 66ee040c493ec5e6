package toyworld

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Style is the manner of an answer.
type Style string

// The styles of the corpus, from best to worst.
const (
	Good       Style = "good"        // right, in full
	Terse      Style = "terse"       // right, the bare result
	Wrong      Style = "wrong"       // in full, and wrong
	TerseWrong Style = "terse_wrong" // bare and wrong
	Ramble     Style = "ramble"      // a right answer, then another answer
)

// Prompt words a task as a question, without the chat frame.
func Prompt(t Task, language string) []int32 {
	l := lang(language)
	return encodeWords(l.fill(l.Templates[t.Kind].Prompt, content{Task: t}))
}

// Answer words an answer of a style, without <eos>. The seed chooses the mistake, and among several right answers.
func Answer(t Task, language string, style Style, seed uint64) []int32 {
	return encodeWords(newRandom("answer "+t.String(), seed).styled(t, lang(language), style))
}

// content is what an answer says, free of language.
type content struct {
	Task
	x, y, z     int   // Legs: the legs of either kind and of both. Add: the sum (z)
	this, other int   // Weigh: the animal asked for, and the one it is compared with
	items       []int // Sort, Which, List: the animals named
}

// truth is the content of a right answer; a List draws one of several.
func (r *random) truth(t Task) content {
	c := content{Task: t}
	switch t.Kind {
	case Legs:
		c.x, c.y = t.N*world.Animals[t.Animals[0]].Legs, t.M*world.Animals[t.Animals[1]].Legs
		c.z = c.x + c.y
	case Add:
		c.z = t.N + t.M
	case Weigh:
		c.this, c.other = min(t.Animals[0], t.Animals[1]), max(t.Animals[0], t.Animals[1])
		if t.More {
			c.this, c.other = c.other, c.this
		}
	case Sort:
		c.items = slices.Sorted(slices.Values(t.Animals))
	case Which:
		c.items = t.right()
	case List:
		c.items = sample(r, t.right(), t.N)
	}
	return c
}

// corrupt turns a right content into a wrong one.
func (r *random) corrupt(c content) content {
	switch c.Kind {
	case Legs:
		off := one(r, -4, -2, 2, 4)
		switch r.below(3) {
		case 0:
			c.x, c.z = c.x+off, c.z+off
		case 1:
			c.y, c.z = c.y+off, c.z+off
		default:
			c.z += off
		}
	case Add:
		c.z += one(r, -3, -2, -1, 1, 2, 3)
	case Weigh:
		c.this, c.other = c.other, c.this
	case Sort:
		for slices.IsSorted(c.items) && len(c.items) == len(c.Animals) {
			c.items = sample(r, c.items, len(c.items))
			if r.chance(.2) {
				c.items = c.items[1:]
			}
		}
	default:
		c.items = slices.Clone(c.items)
		i := r.below(len(c.items))
		if len(c.items) > 1 && r.chance(.5) {
			c.items = slices.Delete(c.items, i, i+1)
			break
		}
		from, right := allAnimals, c.right()
		if c.Kind == Which {
			from = c.Animals
		}
		c.items[i] = one(r, slices.DeleteFunc(slices.Clone(from), func(a int) bool { return slices.Contains(right, a) })...)
	}
	return c
}

// styled words an answer of a style.
func (r *random) styled(t Task, l *language, style Style) []string {
	right, form := r.truth(t), l.Templates[t.Kind]
	switch style {
	case Good:
		return l.fill(form.Full, right)
	case Terse:
		return l.fill(form.Terse, right)
	case Wrong:
		return l.fill(form.Full, r.corrupt(right))
	case TerseWrong:
		return l.fill(form.Terse, r.corrupt(right))
	case Ramble:
		first := l.fill(one(r, form.Full, form.Terse), right)
		if r.chance(.5) {
			right = r.corrupt(right)
		}
		return append(first, l.fill(one(r, form.Full, form.Terse), right)...)
	}
	panic(fmt.Sprintf("toyworld: no style %q", style))
}

// fill puts a content into the slots of a template.
func (l *language) fill(template string, c content) []string {
	var words []string
	for _, field := range strings.Fields(template) {
		if field[0] == '{' {
			field = l.slot(field[1:len(field)-1], c)
		}
		words = append(words, strings.Fields(field)...)
	}
	return words
}

// slot words one slot of a template.
func (l *language) slot(name string, c content) string {
	list := func(animals []int) string {
		words := make([]string, len(animals))
		for i, a := range animals {
			words[i] = l.Plural[a]
		}
		return strings.Join(words, " , ")
	}
	switch name {
	case "n":
		return strconv.Itoa(c.N)
	case "m":
		return strconv.Itoa(c.M)
	case "k":
		return strconv.Itoa(c.Task.Legs)
	case "x":
		return strconv.Itoa(c.x)
	case "y":
		return strconv.Itoa(c.y)
	case "z":
		return strconv.Itoa(c.z)
	case "A":
		return l.Plural[c.Animals[0]]
	case "B":
		return l.Plural[c.Animals[1]]
	case "a", "p":
		return l.Singular[c.Animals[0]]
	case "b":
		return l.Singular[c.Animals[1]]
	case "w":
		return l.Singular[c.this]
	case "l":
		return l.Singular[c.other]
	case "L":
		return list(c.Animals)
	case "S":
		return list(c.items)
	case "N":
		return world.Names[c.Name]
	case "O":
		return l.Objects[c.Object]
	case "Q":
		return l.HowMany[c.Object]
	case "D":
		if c.More {
			return l.More
		}
		return l.Less
	}
	panic(fmt.Sprintf("toyworld: world.json has an unknown slot {%s}", name))
}
