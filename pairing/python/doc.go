// Package python is the part of CPython that published pairing scripts lean on without saying so: to write the same
// bytes as they do, a port has to draw the same random numbers, strip the same white space and print numbers alike.
//
//	NewRand           random.Random(seed): Bits, Float64, Below, Shuffle, Sample
//	Loads, Dumps      the json module: NaN, lone surrogates and big integers included; ensure_ascii=False
//	Indent            json.dump with an indent, escaped to ASCII or not
//	Rows, ParsableRows   lines of JSON objects; Dict, Copy: objects made by hand
//	Str, Repr         str() and repr() of a JSON value
//	Truthy            bool() of a JSON value
//	ToFloat           float() of a JSON value
//	FloatRepr, Round  the shortest float that reads back; rounding of the exact double, half to even
//	Strip, Lower      str.strip() and str.lower(); IsSpace: what they take for white space
//	Lines             the lines of a file opened as text
//	Mean, Std, Percentile   numpy's, its order of additions included
//
// JSON values are nil, bool, Int, float64, string, []any and *Object. A string may hold an unpaired surrogate, kept as
// its three bytes ED Ax/Bx xx: Python's strings can hold one too, and only writing it as UTF-8 fails.
//
// Held to CPython 3.11 by fixtures (TestFixturesPython).
package python
