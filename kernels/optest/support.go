package optest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"croco/kernels"
)

// Matrix says which device has which operation: a row per operation and dtype, a column per device. A cell is "yes", "no"
// where the device does not have the operation (ErrNotImplemented), or "WRONG".
type Matrix struct {
	Devices []string
	Ops     []string
	Cells   [][]string // (operations, devices)
}

// Support runs the smallest case of every operation on every device.
func Support(devices ...kernels.Device) Matrix {
	var m Matrix
	for _, d := range devices {
		m.Devices = append(m.Devices, d.Name())
	}
	for _, c := range Cases() {
		op := c.Op + " " + c.DType.String()
		if slices.Contains(m.Ops, op) {
			continue
		}
		var cells []string
		for _, d := range devices {
			cells = append(cells, supports(c, d))
		}
		m.Ops, m.Cells = append(m.Ops, op), append(m.Cells, cells)
	}
	return m
}

func supports(c Case, d kernels.Device) string {
	err := try(func() error { return Check(c, d) })
	switch {
	case errors.Is(err, kernels.ErrNotImplemented):
		return "no"
	case err != nil:
		return "WRONG"
	}
	return "yes"
}

// String is the matrix as a table.
func (m Matrix) String() string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "operation\t"+strings.Join(m.Devices, "\t"))
	for i, op := range m.Ops {
		fmt.Fprintln(w, op+"\t"+strings.Join(m.Cells[i], "\t"))
	}
	w.Flush()
	return text.String()
}
