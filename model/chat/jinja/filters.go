package jinja

// filter is what stands behind "|": in is the value before it. A filter must not keep or change a.
type filter func(st *state, in Value, a Args) Value

// filters are Jinja2's built-in ones but for random, pprint and urlize, which no prompt can want, with tojson as transformers defines it.
var filters map[string]filter

func init() {
	filters = map[string]filter{
		// values: filters_value.go
		"default": filterDefault, "d": filterDefault,
		"int": filterInt, "float": filterFloat, "abs": filterAbs, "round": filterRound,
		"string": filterString, "list": filterList, "length": filterLength, "count": filterLength,
		"attr": filterAttr, "tojson": tojson, "safe": filterSafe, "filesizeformat": filterFileSize,

		// text: filters_text.go
		"upper": textFilter("upper", toUpper), "lower": textFilter("lower", toLower), "capitalize": textFilter("capitalize", capitalize), "title": textFilter("title", titleWords),
		"trim": filterTrim, "replace": filterReplace, "indent": filterIndent, "center": filterCenter, "truncate": filterTruncate,
		"wordcount": filterWordCount, "wordwrap": filterWordWrap, "format": filterFormat, "striptags": filterStripTags,
		"escape": filterEscape, "e": filterEscape, "forceescape": filterForceEscape, "urlencode": filterURLEncode, "xmlattr": filterXMLAttr,

		// sequences: filters_sequence.go, filters_select.go
		"first": filterFirst, "last": filterLast, "reverse": filterReverse, "join": filterJoin, "items": filterItems,
		"sort": filterSort, "dictsort": filterDictSort, "unique": filterUnique, "min": extreme("min", -1), "max": extreme("max", 1),
		"sum": filterSum, "batch": filterBatch, "slice": filterSlice, "groupby": filterGroupBy,
		"map": filterMap, "select": selection(false, false), "reject": selection(false, true),
		"selectattr": selection(true, false), "rejectattr": selection(true, true),
	}
}
