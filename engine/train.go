package engine

import (
	"context"
	"path/filepath"
	"time"

	"croco/engine/trainer"
)

// Train runs a training job, from the newest checkpoint where there is one. A finished training whose data and options
// have not changed is left alone.
func Train(ctx context.Context, job trainer.Job) error {
	result := "adapter_model.safetensors"
	if !job.Args.UsePEFT {
		result = "model.safetensors"
	}
	result = filepath.Join(job.Args.OutputDir, result)
	config := job.Args // where the files lie does not matter
	config.OutputDir, config.TrainFile, config.EvalFile = "", "", ""
	inputs := []string{job.Args.TrainFile}
	if job.Args.Adapter != "" {
		config.Adapter = "" // nor does its name
		inputs = append(inputs, filepath.Join(job.Args.Adapter, "adapter_model.safetensors"))
	}
	manifest, err := newManifest("train "+string(job.Kind), config, inputs...)
	if err != nil {
		return err
	}
	manifest.DType = job.Device.Arithmetic().String()
	done, err := manifest.begin(result)
	if err != nil || done {
		return err
	}
	begin := time.Now()
	job.Args.ResumeFromCheckpoint = "newest"
	trained, err := trainer.Run(ctx, job)
	if err != nil {
		return err
	}
	manifest.Done, manifest.Rows, manifest.Seconds = true, trained.Steps, time.Since(begin).Seconds()
	return manifest.write(result)
}
