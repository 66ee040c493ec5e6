package toyworld

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
)

// Kind is a kind of task.
type Kind string

// The kinds of tasks.
const (
	Legs  Kind = "legs"  // how many legs do 3 cats and 2 ants have in total?
	Add   Kind = "add"   // Anna has 3 apples and finds 4 more. How many apples does Anna have?
	Weigh Kind = "weigh" // what weighs more, a cat or a horse?
	Sort  Kind = "sort"  // sort from light to heavy: cats, ants, horses.
	Which Kind = "which" // which of these have 4 legs: cats, ants, owls, dogs?
	List  Kind = "list"  // name 2 animals with 4 legs that weigh more than a cat. (several right answers)
)

// Task is a question without a language. Which fields it uses depends on its kind.
type Task struct {
	Kind    Kind
	N, M    int   // Legs: numbers of the two animals. Add: had, found. List: how many to name (N)
	Animals []int // from light to heavy, 0 … 14. Legs, Weigh: two. Sort: 3–5. Which: four. List: the one to compare with
	Legs    int   // Which, List
	More    bool  // Weigh, List: more or less
	Name    int   // Add
	Object  int   // Add
}

// String is the task's identifier, as in "legs-3-cat-2-ant"; ParseTask reads it.
func (t Task) String() string {
	switch t.Kind {
	case Legs:
		return fmt.Sprintf("legs-%d-%s-%d-%s", t.N, animal(t.Animals[0]), t.M, animal(t.Animals[1]))
	case Add:
		return fmt.Sprintf("add-%s-%d-%s-%d", world.Names[t.Name], t.N, world.Objects[t.Object], t.M)
	case Weigh:
		return fmt.Sprintf("weigh-%s-%s", direction(t.More), animals(t.Animals, "-"))
	case Sort:
		return "sort-" + animals(t.Animals, "-")
	case Which:
		return fmt.Sprintf("which-%d-%s", t.Legs, animals(t.Animals, "-"))
	case List:
		return fmt.Sprintf("list-%d-%d-%s-%s", t.N, t.Legs, direction(t.More), animal(t.Animals[0]))
	}
	panic(fmt.Sprintf("toyworld: no kind of task %q", t.Kind))
}

// key names a task without its order: a task and its permutations fall in the same split.
func (t Task) key() string {
	names := strings.Split(animals(t.Animals, "|"), "|")
	slices.Sort(names)
	sorted := strings.Join(names, "|")
	switch t.Kind {
	case Legs:
		parts := []string{strconv.Itoa(t.N) + animal(t.Animals[0]), strconv.Itoa(t.M) + animal(t.Animals[1])}
		slices.Sort(parts)
		return "legs|" + strings.Join(parts, "|")
	case Add:
		return fmt.Sprintf("add|%d|%d%s", min(t.N, t.M), max(t.N, t.M), world.Objects[t.Object])
	case Weigh, Sort:
		return string(t.Kind) + "|" + sorted
	case Which:
		return fmt.Sprintf("which|%d|%s", t.Legs, sorted)
	default:
		return strings.ReplaceAll(t.String(), "-", "|")
	}
}

// Split is a part of all tasks. A task is in the same split in every language.
type Split string

// The splits: a tenth each for measuring and for preference tuning, the rest for training the models.
const (
	Train Split = "train"
	Tune  Split = "tune"
	Test  Split = "test"
)

// Split is the part that the task belongs to: the CRC-32 (IEEE) of its order-free key, modulo 10.
func (t Task) Split() Split {
	switch crc32.ChecksumIEEE([]byte(t.key())) % 10 {
	case 0:
		return Test
	case 1:
		return Tune
	default:
		return Train
	}
}

// Tasks draws n distinct tasks of a split, each kind in its share.
func Tasks(split Split, n int, seed uint64) []Task {
	r, seen := newRandom("tasks "+string(split), seed), map[string]bool{}
	var tasks []Task
	for len(tasks) < n {
		if t := r.task(split); !seen[t.String()] {
			seen[t.String()] = true
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// task draws one task of a split.
func (r *random) task(split Split) Task {
	for {
		if t := r.anyTask(); t.Split() == split {
			return t
		}
	}
}

var allAnimals = func() []int {
	all := make([]int, len(world.Animals))
	for a := range all {
		all[a] = a
	}
	return all
}()

func (r *random) anyTask() Task {
	weights := make([]float64, len(world.Tasks))
	for i, k := range world.Tasks {
		weights[i] = k.Weight
	}
	t := Task{Kind: world.Tasks[r.weighted(weights)].Kind}
	for {
		switch t.Kind {
		case Legs:
			t.Animals, t.N, t.M = sample(r, allAnimals, 2), r.between(2, 5), r.between(2, 5)
		case Add:
			t.N, t.M = r.between(2, 20), r.between(2, 20)
			t.Name, t.Object = r.below(len(world.Names)), r.below(len(world.Objects))
		case Weigh:
			t.Animals, t.More = sample(r, allAnimals, 2), r.chance(.5)
		case Sort:
			t.Animals = sample(r, allAnimals, one(r, 3, 4, 4, 5))
		case Which:
			t.Animals, t.Legs = sample(r, allAnimals, 4), one(r, 2, 4, 4, 6)
		case List:
			t.N, t.Legs, t.More = r.between(2, 3), one(r, 2, 4, 4, 6), r.chance(.5)
			t.Animals = []int{r.below(len(world.Animals))}
		}
		if t.valid() == nil { // some draws of Which and List have no fitting answer
			return t
		}
	}
}

// right lists the animals that answer a Which (in the order asked) or a List (from light to heavy).
func (t Task) right() []int {
	from := t.Animals
	if t.Kind == List {
		from = allAnimals
	}
	var fitting []int
	for _, a := range from {
		heavier, lighter := t.Kind == List && a > t.Animals[0], t.Kind == List && a < t.Animals[0]
		if world.Animals[a].Legs == t.Legs && (t.Kind == Which || t.More && heavier || !t.More && lighter) {
			fitting = append(fitting, a)
		}
	}
	return fitting
}

func animal(a int) string { return world.Animals[a].Name }

func animals(list []int, separator string) string {
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = animal(a)
	}
	return strings.Join(names, separator)
}

func direction(more bool) string {
	if more {
		return "more"
	}
	return "less"
}
