/// A unit of measure: its words, each with an exponent, normalised so that plurals, abbreviations and notation do not
/// matter: `km/h`, `kilometres per hour` and `km h^{-1}` are the same.
struct Unit: Hashable, Sendable {
    /// Exponents of words in the singular, none of them zero.
    private(set) var factors: [String: Int] = [:]

    /// Reads words such as `square inches`, `cm^2`, `km per hour`, `kg·m/s²`, `p.m.`.
    ///
    /// What follows a slash or `per` is divided by.
    init(_ text: String) {
        var sign = 1
        var nextPower = 1
        var last = ""
        var rest = Substring(text.filter { $0 != "." })
        while let first = rest.first {
            guard first.isLetter else {
                if first == "/" { sign = -1 }
                rest = rest.dropFirst()
                if first == "\\" { rest = rest.drop { $0.isLetter } }  // `\cdot`
                continue
            }
            let word = String(rest.prefix { $0.isLetter })
            rest = rest.dropFirst(word.count)
            switch word.lowercased() {
            case "per": sign = -1
            case "square", "sq": nextPower = 2
            case "cubic", "cu": nextPower = 3
            case "squared": multiply(by: last, power: sign)
            case "cubed": multiply(by: last, power: 2 * sign)
            case "of", "the", "an", "total": break
            default:
                let power = Self.power(at: &rest) ?? nextPower
                nextPower = 1
                multiply(by: word, power: sign * power)
                last = word
            }
        }
        if factors["celsius"] != nil || factors["fahrenheit"] != nil { factors["degree"] = nil }
        factors = factors.filter { $0.value != 0 }
    }

    private mutating func multiply(by word: String, power: Int) {
        for (factor, exponent) in Self.canonical(word) { factors[factor, default: 0] += exponent * power }
    }

    /// `^2`, `^{-1}`, `²`, or a digit right behind a word.
    private static func power(at rest: inout Substring) -> Int? {
        var text = rest
        let superscripts = text.prefix { "⁻⁰¹²³⁴⁵⁶⁷⁸⁹".contains($0) }
        if !superscripts.isEmpty {
            let digits = superscripts.compactMap { $0.unicodeScalars.first.flatMap { Notation.superscripts[$0] } }
            guard let value = Int(digits.joined()) else { return nil }
            rest = rest.dropFirst(superscripts.count)
            return superscripts.first == "⁻" ? -value : value
        }
        if text.first == "^" { text = text.dropFirst() }
        if text.first == "{" { text = text.dropFirst() }
        let isNegative = text.first == "-" || text.first == "−"
        if isNegative { text = text.dropFirst() }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let value = Int(digits), value < 10 else { return nil }
        text = text.dropFirst(digits.count)
        if text.first == "}" { text = text.dropFirst() }
        rest = text
        return isNegative ? -value : value
    }

    // MARK: Comparison

    /// Whether all its words are known units of measure.
    var isKnown: Bool { !factors.isEmpty && factors.keys.allSatisfy(Self.known.contains) }

    /// Whether an amount of money is counted in it.
    var isMoney: Bool { factors.keys.contains { ["dollar", "cent", "euro", "pound", "penny"].contains($0) } }

    /// Whether two units may be the same: both known units must agree, and so must the powers of any.
    func isCompatible(with other: Unit) -> Bool {
        if factors == other.factors || factors.isEmpty || other.factors.isEmpty { return true }
        return !(isKnown && other.isKnown) && highestPower == other.highestPower
    }

    /// Whether it is written behind a degree sign.
    var isTemperature: Bool {
        factors.count == 1 && ["celsius", "fahrenheit", "kelvin"].contains(factors.keys.first ?? "")
    }

    private var highestPower: Int { factors.values.map { abs($0) }.max() ?? 1 }

    // MARK: Names

    /// Whether a run of letters is the name or the symbol of a unit of at least two letters.
    static func isName(_ letters: String) -> Bool {
        letters.count > 1 && canonical(letters).keys.allSatisfy(known.contains)
    }

    /// Whether a single letter is the symbol of a unit.
    static func isSymbol(_ letter: String) -> Bool { letter.count == 1 && symbols[letter] != nil }

    /// The factors of a word or a symbol.
    private static func canonical(_ word: String) -> [String: Int] {
        let lowered = word.lowercased()
        let bare = lowered.count > 3 && lowered.hasSuffix("s") ? String(lowered.dropLast()) : lowered
        let name = symbols[word] ?? aliases[lowered] ?? aliases[bare] ?? bare
        return derived[name] ?? [name: 1]
    }

    /// Symbols whose letters' case matters.
    private static let symbols: [String: String] = [
        "m": "meter", "s": "second", "g": "gram", "h": "hour", "L": "liter", "l": "liter", "N": "newton", "J": "joule",
        "W": "watt", "V": "volt", "A": "ampere", "K": "kelvin", "C": "celsius", "F": "fahrenheit", "Pa": "pascal",
        "kPa": "kilopascal", "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "kN": "kilonewton",
        "kJ": "kilojoule",
        "kW": "kilowatt", "MW": "megawatt", "mol": "mole", "rad": "radian", "mA": "milliampere", "eV": "electronvolt",
        "Ω": "ohm", "T": "tesla", "d": "day",
    ]

    private static let aliases: [String: String] = [
        "cm": "centimeter", "centimetre": "centimeter", "mm": "millimeter", "km": "kilometer", "metre": "meter",
        "kilometre": "kilometer", "millimetre": "millimeter", "dm": "decimeter", "nm": "nanometer", "in": "inch",
        "inche": "inch", "inches": "inch", "ft": "foot", "feet": "foot", "yd": "yard", "mi": "mile", "kg": "kilogram",
        "kilo": "kilogram", "gram": "gram", "gm": "gram", "mg": "milligram", "lb": "pound", "lbs": "pound",
        "oz": "ounce",
        "min": "minute", "mins": "minute", "sec": "second", "secs": "second", "hr": "hour", "hrs": "hour",
        "ms": "millisecond",
        "mph": "mph", "kmh": "kmh", "kph": "kmh", "deg": "degree", "usd": "dollar", "ml": "milliliter",
        "millilitre": "milliliter", "litre": "liter", "cl": "centiliter", "cc": "milliliter", "pm": "pm", "am": "am",
        "yr": "year", "yrs": "year", "rads": "radian", "centigrade": "celsius", "hertz": "hertz", "pence": "penny",
        "pennies": "penny", "eur": "euro",
    ]

    /// Units that are products of others.
    private static let derived: [String: [String: Int]] = [
        "newton": ["kilogram": 1, "meter": 1, "second": -2], "joule": ["kilogram": 1, "meter": 2, "second": -2],
        "watt": ["kilogram": 1, "meter": 2, "second": -3], "pascal": ["kilogram": 1, "meter": -1, "second": -2],
        "hertz": ["second": -1], "mph": ["mile": 1, "hour": -1], "kmh": ["kilometer": 1, "hour": -1],
    ]

    private static let known: Set<String> = Set(aliases.values).union(symbols.values).union(
        derived.values.flatMap(\.keys)
    ).union([
        "week", "month", "year", "gallon", "quart", "pint", "acre", "hectare", "cup", "ton", "tonne", "dollar", "cent",
        "euro",
        "degree",
    ])
}
