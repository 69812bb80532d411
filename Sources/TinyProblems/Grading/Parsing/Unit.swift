/// A unit: its words, normalised so that plurals and abbreviations do not matter, and a power.
struct Unit: Hashable, Sendable {
    let words: [String]
    let power: Int

    /// Reads words such as `square inches`, `cm`, `p.m.`.
    init(_ text: String, power: Int = 1) {
        var power = power
        var words: [String] = []
        let pieces = text.lowercased().filter { $0 != "." }.split { !($0.isLetter || $0 == "%" || $0 == "/") }
        for piece in pieces {
            switch piece {
            case "square", "sq": power = 2
            case "cubic", "cu": power = 3
            default: words.append(Self.singular(String(piece)))
            }
        }
        self.words = words
        self.power = power
    }

    private static func singular(_ word: String) -> String {
        if let name = aliases[word] { return name }
        let bare = word.count > 3 && word.hasSuffix("s") ? String(word.dropLast()) : word
        return aliases[bare] ?? bare
    }

    private static let aliases: [String: String] = [
        "cm": "centimeter", "centimetre": "centimeter", "mm": "millimeter", "km": "kilometer", "metre": "meter",
        "kilometre": "kilometer", "millimetre": "millimeter", "in": "inch", "inche": "inch", "inches": "inch",
        "ft": "foot", "feet": "foot", "yd": "yard", "mi": "mile", "kg": "kilogram", "gram": "gram", "mg": "milligram",
        "lb": "pound", "oz": "ounce", "min": "minute", "sec": "second", "hr": "hour", "mph": "mile/hour",
        "degree": "degree", "deg": "degree", "dollar": "dollar", "usd": "dollar", "cent": "cent", "ml": "milliliter",
        "litre": "liter", "am": "am", "pm": "pm", "AM": "am", "PM": "pm",
    ]

    private static let known: Set<String> = Set(aliases.values).union([
        "meter", "second", "hour", "day", "week", "month", "year", "gallon", "quart", "pint", "liter", "euro", "radian",
        "acre", "newton", "joule", "watt", "volt", "kilometer/hour",
    ])

    /// Whether all its words are known units of measure.
    var isKnown: Bool { !words.isEmpty && words.allSatisfy(Self.known.contains) }

    /// Whether a run of letters is the name of a unit.
    static func isName(_ letters: String) -> Bool {
        let lowered = letters.count > 2 ? letters.lowercased() : letters
        return lowered.count > 1 && (aliases[lowered] != nil || known.contains(singular(lowered)))
    }

    /// Whether two units may be the same: powers must agree, and so must units that are both known.
    func isCompatible(with other: Unit) -> Bool {
        if self == other { return true }
        return power == other.power && !(isKnown && other.isKnown)
    }
}
