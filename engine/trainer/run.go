package trainer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"croco/engine/data"
	"croco/internal/jsonl"
	"croco/kernels"
	"croco/model"
	"croco/model/text"
)

var (
	// ErrInterrupted is returned when the context ended: the running step was finished and a checkpoint written.
	ErrInterrupted = errors.New("interrupted; run the same command with resume_from_checkpoint newest to go on")
	// ErrNotFinite is returned when a loss or gradient is NaN or infinite. Nothing of that step is kept.
	ErrNotFinite = errors.New("training stopped; a lower learning_rate or the row itself may be the cause")
)

// Job is one training run.
type Job struct {
	Kind    Kind
	Args    Args
	Device  kernels.Device
	Encoder data.Encoder // for rows of text; nil: that of the model's folder
	Log     *slog.Logger // nil: silent

	Ready    func(Summary) // called once before the first step; may be nil
	Progress func(Status)  // called after every step; may be nil
}

// Summary is what is known before the first step.
type Summary struct {
	Train, Eval   data.Report
	Lengths       []int        // tokens of the training sequences, ascending
	Example       data.Example // the first one
	Steps, Epochs int
	ResumedAt     int   // steps that a checkpoint already holds
	Trainable     int64 // weights that are trained
	Rows          int   // of the largest forest that a micro-batch can become
	Needs         model.Needs
	Free          int64 // of a device with memory of its own, when model and optimizer are there
	Checkpointing bool  // whether activations are computed again
}

// Status is what a step did.
type Status struct {
	Step, Steps     int
	Epoch           float64
	Loss            float64
	GradNorm        float64
	LearningRate    float64
	Metrics         map[string]float64 // means over the step's micro-batches, by their TRL names
	TokensPerSecond float64            // since the start; prompts counted once for each answer
	Left            time.Duration      // estimate
}

// Result is what a run left.
type Result struct {
	Dir       string
	Steps     int
	TrainLoss float64 // mean over all steps
}

// trainer is a run under way.
type trainer struct {
	args           *Args
	model          *model.Model
	objective      Objective
	follower       *follower // the reference of sync_ref_model, else nil
	optimizer      *adamW
	schedule       schedule
	plan           plan
	examples       []data.Example // to train on, then those held out
	trained        int            // how many of them are trained on
	startHash      string         // of the model before the first step
	dataHash       string
	state          state
	window         window
	lastCheckpoint string
	began          time.Time // of this process
	resumedAt      int       // steps that were done before it
	log            *slog.Logger
	events         *events
	journal        *jsonl.Writer // logging.jsonl
}

// Run trains. It returns ErrInterrupted, wrapped, where ctx ended, and ErrNotFinite, wrapped, where a row gave NaN.
func Run(ctx context.Context, job Job) (result Result, err error) {
	args := job.Args
	if err := args.Validate(job.Kind); err != nil {
		return Result{}, err
	}
	if args.BF16 && job.Device.Arithmetic() != kernels.BF16 {
		return Result{}, fmt.Errorf("bf16: the device multiplies %v: expected bfloat16, which --dtype bfloat16 (in a recipe dtype: bfloat16) asks for", job.Device.Arithmetic())
	}
	if job.Log == nil {
		job.Log = slog.New(slog.DiscardHandler)
	}
	checkpoint, err := args.resumeFrom()
	if err != nil {
		return Result{}, err
	}
	t := &trainer{args: &args, log: job.Log}
	if t.model, err = openModel(job.Kind, &args, job.Device); err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, t.model.Close()) }()
	t.startHash = t.model.Hash()

	summary, err := t.load(job)
	if err != nil {
		return Result{}, err
	}
	t.optimizer = newAdamW(t.model, &args)
	defer t.optimizer.free()
	if err := t.fit(&summary); err != nil {
		return Result{}, err
	}
	t.plan = newPlan(&args, t.trained)
	t.schedule = newSchedule(&args, t.plan.steps)
	t.state = newState(&args, t.plan)
	if t.objective, err = t.newObjective(ctx, job.Kind); err != nil {
		return Result{}, err
	}
	defer t.follower.close()
	if checkpoint != "" {
		if err := t.resume(checkpoint); err != nil {
			return Result{}, err
		}
		t.log.Info("resumed", "checkpoint", checkpoint)
	}
	if job.Ready != nil {
		job.Ready(t.describe(summary))
	}
	if err := t.open(); err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.loop(ctx, job.Progress); err != nil {
		return Result{Dir: args.OutputDir, Steps: t.state.GlobalStep}, t.explain(err)
	}
	return t.finish()
}

// openModel opens the model with what is to be trained: an adapter, new or given, or all weights.
func openModel(kind Kind, a *Args, d kernels.Device) (*model.Model, error) {
	o := model.Options{Device: d, Context: a.MaxLength}
	if !a.UsePEFT {
		o.Trainable = model.All
	}
	m, err := open(kind, a, o)
	if err != nil {
		return nil, err
	}
	switch {
	case !a.UsePEFT:
	case a.Adapter != "":
		if err = m.LoadAdapter(a.Adapter, true); a.DisableDropout {
			m.SetDropout(0)
		}
	default:
		targets := a.LoraTargetModules
		if len(targets) == 0 {
			targets = []string{"all-linear"}
		}
		err = m.AddLoRA(model.LoRA{R: a.LoraR, Alpha: a.LoraAlpha, Dropout: a.dropout(), Targets: targets, RSLora: a.UseRSLora, Seed: a.Seed})
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// open reads the model's folder. A language model that is to become a reward model gets a new head.
func open(kind Kind, a *Args, o model.Options) (*model.Model, error) {
	want, labels := "a language model", 0
	read := func() (*model.Model, error) { return model.Open(a.ModelNameOrPath, o) }
	if kind == Reward {
		want, labels = "a language model, or a classifier with one label", 1
		read = func() (*model.Model, error) { return model.OpenClassifier(a.ModelNameOrPath, a.Seed, o) }
	}
	m, err := read()
	if err == nil && m.Spec.Labels != labels {
		err = errors.Join(fmt.Errorf("%s: %s training needs %s, found a %s with %d labels", a.ModelNameOrPath, kind, want, m.Kind(), m.Spec.Labels), m.Close())
	}
	return m, err
}

// newObjective binds the objective to the examples.
func (t *trainer) newObjective(ctx context.Context, kind Kind) (Objective, error) {
	switch kind {
	case SFT:
		return imitation{t.examples}, nil
	case Reward:
		return newScoring(t.args, t.examples, t.model.ScoreAt), nil
	}
	objective, err := t.args.dpoObjective()
	if err != nil {
		return nil, err
	}
	pairs, err := t.pairs(ctx, objective)
	if err == nil && t.args.SyncRefModel {
		t.follower, err = t.newFollower()
	}
	return preference{objective, pairs, t.follower}, err
}

// load reads the training and evaluation data.
func (t *trainer) load(job Job) (s Summary, err error) {
	a := t.args
	if job.Encoder == nil {
		codec, err := text.Open(a.ModelNameOrPath)
		if err != nil {
			return s, err
		}
		if codec != nil {
			job.Encoder = codec
		}
	}
	o := data.Options{Encoder: job.Encoder, MaxLength: a.MaxLength, Vocab: t.model.Spec.Vocab, Whole: job.Kind == Reward,
		AssistantOnly: a.AssistantOnlyLoss, CompletionOnly: a.CompletionOnlyLoss, Ends: t.model.Generation.EOS}
	if context := t.model.Spec.Positions; o.MaxLength == 0 || o.MaxLength > context {
		o.MaxLength = context
	}
	read := func(path string) ([]data.Example, data.Report, error) {
		rows, err := data.Read(path)
		if err != nil {
			return nil, data.Report{}, err
		}
		if job.Kind == SFT {
			return data.Completions(rows, o)
		}
		return data.Preferences(rows, o)
	}
	all, report, err := read(a.TrainFile)
	if err != nil {
		return s, err
	}
	s.Train = report
	var held []data.Example
	switch {
	case a.EvalFile != "":
		if held, s.Eval, err = read(a.EvalFile); err != nil {
			return s, err
		}
	case a.TestSize > 0:
		train, eval := holdOut(len(all), a.TestSize, a.dataSeed())
		if len(train) == 0 {
			return s, fmt.Errorf("test_size %g of %d examples leaves none to train on", a.TestSize, len(all))
		}
		s.Train.Kept, s.Eval = len(train), data.Report{Rows: len(eval), Kept: len(eval)}
		all, held = pick(all, train), pick(all, eval)
	}
	t.examples, t.trained = append(all, held...), len(all)
	h := sha256.New()
	for _, e := range t.examples {
		hashIDs(h, e.Prompt, e.Chosen, e.Rejected)
		for _, wanted := range e.Wanted {
			fmt.Fprintln(h, wanted)
		}
	}
	t.dataHash = hex.EncodeToString(h.Sum(nil))
	return s, nil
}

func pick(examples []data.Example, which []int) []data.Example {
	var out []data.Example
	for _, i := range which {
		out = append(out, examples[i])
	}
	return out
}
