package toyworld

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ParseTask reads what Task.String writes. An identifier that is not of that form, or a task that the world does not
// ask, is an error that says why.
func ParseTask(id string) (Task, error) {
	kind, rest, _ := strings.Cut(id, "-")
	p := &taskParser{words: strings.Split(rest, "-")}
	t := Task{Kind: Kind(kind)}
	switch t.Kind {
	case Legs:
		t.N = p.number()
		t.Animals = append(t.Animals, p.animal())
		t.M = p.number()
		t.Animals = append(t.Animals, p.animal())
	case Add:
		t.Name, t.N = p.among(world.Names, "name"), p.number()
		t.Object, t.M = p.among(world.Objects, "object"), p.number()
	case Weigh:
		t.More = p.among([]string{"less", "more"}, "direction") == 1
		t.Animals = p.animals()
	case Sort:
		t.Animals = p.animals()
	case Which:
		t.Legs, t.Animals = p.number(), p.animals()
	case List:
		t.N, t.Legs = p.number(), p.number()
		t.More = p.among([]string{"less", "more"}, "direction") == 1
		t.Animals = p.animals()
	default:
		return Task{}, fmt.Errorf("toyworld: task %q: no kind of task %q, expected legs, add, weigh, sort, which or list", id, kind)
	}
	if p.err == nil && len(p.words) > 0 {
		p.err = fmt.Errorf("%q follows the end", strings.Join(p.words, "-"))
	}
	if p.err == nil {
		p.err = t.valid()
	}
	if p.err != nil {
		return Task{}, fmt.Errorf("toyworld: task %q: %w", id, p.err)
	}
	return t, nil
}

// valid says what keeps a task from being one that the world asks.
func (t Task) valid() error {
	distinct := slices.Clone(t.Animals)
	slices.Sort(distinct)
	if len(slices.Compact(distinct)) != len(t.Animals) {
		return fmt.Errorf("an animal stands there twice")
	}
	expect := func(ok bool, what string) error {
		if !ok {
			return fmt.Errorf("expected %s", what)
		}
		return nil
	}
	within := func(x, lo, hi int) bool { return lo <= x && x <= hi }
	switch t.Kind {
	case Legs:
		return expect(within(t.N, 2, 5) && within(t.M, 2, 5), "2 to 5 of each animal")
	case Add:
		return expect(within(t.N, 2, 20) && within(t.M, 2, 20), "numbers from 2 to 20")
	case Weigh:
		return expect(len(t.Animals) == 2, "two animals")
	case Sort:
		return expect(within(len(t.Animals), 3, 5), "3 to 5 animals")
	case Which:
		return expect(len(t.Animals) == 4 && within(len(t.right()), 1, 3), "four animals, of which one to three fit")
	default:
		return expect(len(t.Animals) == 1 && within(t.N, 2, 3) && len(t.right()) >= t.N, "2 or 3 to name out of at least as many that fit")
	}
}

// taskParser takes words from the front and keeps the first error.
type taskParser struct {
	words []string
	err   error
}

func (p *taskParser) word(what string) string {
	if len(p.words) == 0 {
		if p.err == nil {
			p.err = fmt.Errorf("it ends where %s is expected", what)
		}
		return ""
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w
}

func (p *taskParser) among(list []string, what string) int {
	w := p.word("a " + what)
	i := slices.Index(list, w)
	if i < 0 && p.err == nil {
		p.err = fmt.Errorf("no %s %q, expected one of %v", what, w, list)
	}
	return max(i, 0)
}

func (p *taskParser) number() int {
	w := p.word("a number")
	n, err := strconv.Atoi(w)
	if p.err == nil && (err != nil || strconv.Itoa(n) != w) {
		p.err = fmt.Errorf("expected a number, found %q", w)
	}
	return n
}

func (p *taskParser) animal() int {
	return p.among(strings.Split(animals(allAnimals, " "), " "), "animal")
}

func (p *taskParser) animals() []int {
	list := []int{p.animal()}
	for len(p.words) > 0 && p.err == nil {
		list = append(list, p.animal())
	}
	return list
}
