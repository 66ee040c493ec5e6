package model

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"croco/kernels"
	"croco/kernels/cpu"
	"croco/kernels/device"
	"croco/kernels/reference"
)

// devices are those that every test of values runs on, or the one that CROCO_TEST_DEVICE names, in the arithmetic of
// CROCO_TEST_DTYPE.
func devices(t *testing.T) map[string]kernels.Device {
	if name := os.Getenv("CROCO_TEST_DEVICE"); name != "" {
		d, err := device.Open(name, device.Options{DType: cmp.Or(os.Getenv("CROCO_TEST_DTYPE"), "float32")})
		require.NoError(t, err)
		return map[string]kernels.Device{system(d): d}
	}
	all := map[string]kernels.Device{}
	if testing.Short() { // under the race detector: one device, and with two threads
		d, err := cpu.New(2)
		require.NoError(t, err)
		return map[string]kernels.Device{system(d): d}
	}
	for _, a := range []kernels.DType{kernels.F32, kernels.BF16} {
		fast, err := cpu.WithArithmetic(1, a)
		require.NoError(t, err)
		for _, d := range []kernels.Device{fast, reference.WithArithmetic(a)} {
			all[system(d)] = d
		}
	}
	return all
}

// system is what the cases of a device are named by: cpu, cpu-bfloat16.
func system(d kernels.Device) string {
	if d.Arithmetic() == kernels.F32 {
		return d.Name()
	}
	return d.Name() + "-" + d.Arithmetic().String()
}

// fixtures is the folder of a kind of fixtures: CROCO_FIXTURES where it is set, else the copy in testdata, else the one
// beside the repository.
func fixtures(t *testing.T, kind string) string {
	if dir := os.Getenv("CROCO_FIXTURES"); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, kind)); err != nil {
			t.Skipf("CROCO_FIXTURES holds no %s", kind)
		}
		return filepath.Join(dir, kind)
	}
	for _, dir := range []string{"testdata", "../../shared/fixtures"} {
		if _, err := os.Stat(filepath.Join(dir, kind)); err == nil {
			return filepath.Join(dir, kind)
		}
	}
	t.Fatalf("no fixtures of kind %s", kind)
	return ""
}

// Every folder with a config.json and an expected.json is a case, in both spellings of its config.
func TestFixturesModels(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(fixtures(t, "models"), "*", "expected.json"))
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for name, dev := range devices(t) {
		for _, path := range cases {
			dir := filepath.Dir(path)
			configs, err := filepath.Glob(filepath.Join(dir, "config*.json"))
			require.NoError(t, err)
			require.NotEmpty(t, configs)
			if dev.Arithmetic() == kernels.BF16 {
				configs = configs[:1] // how it is spelt is no matter of arithmetic
			}
			for _, file := range configs {
				t.Run(name+"/"+filepath.Base(dir)+"/"+filepath.Base(file), func(t *testing.T) {
					raw, err := os.ReadFile(file)
					require.NoError(t, err)
					config, err := ParseConfig(file, raw)
					require.NoError(t, err)
					report, err := VerifyAs(dir, config, "", dev)
					require.NoError(t, err)
					t.Log(report)
					require.True(t, report.OK(), "\n%s", report)
				})
			}
		}
	}
}
