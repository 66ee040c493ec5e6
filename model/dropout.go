package model

// SetDropout changes the probability with which the adapter's input is dropped in training, and which SaveAdapter
// writes: an adapter that was loaded has that of its file. Without an adapter nothing happens.
func (m *Model) SetDropout(p float64) {
	if m.adapter != nil {
		m.adapter.config.Dropout = p
	}
}
