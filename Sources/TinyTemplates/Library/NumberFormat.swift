import Foundation

/// The layout of one value, as in `%5.2f` and `{:>10,}`.
struct NumberFormat {
    var fill: Unicode.Scalar = " "
    /// `<`, `>`, `=` or `^`; nil leaves it to the kind of value.
    var alignment: Unicode.Scalar?
    /// `+`, `-` or a space.
    var sign: Unicode.Scalar = "-"
    var isAlternate = false
    var width = 0
    /// `,` or `_` between groups of digits.
    var grouping: Unicode.Scalar?
    var precision: Int?
    var type: Unicode.Scalar?

    /// A larger number of decimals is refused.
    static let mostDecimals = 1000

    // MARK: Layout

    /// A text, padded to the width.
    func laidOut(_ text: String, _ budget: TemplateBudget) throws -> String {
        try padded(sign: "", text, alignment ?? "<", budget)
    }

    /// An integer.
    func laidOut(_ number: Int, _ budget: TemplateBudget) throws -> String {
        let magnitude = number.magnitude
        let digits: String
        switch type {
        case nil, "d", "n", "i", "u": digits = grouped(String(magnitude), by: 3)
        case "b": digits = (isAlternate ? "0b" : "") + grouped(String(magnitude, radix: 2), by: 4)
        case "o": digits = (isAlternate ? "0o" : "") + grouped(String(magnitude, radix: 8), by: 4)
        case "x": digits = (isAlternate ? "0x" : "") + grouped(String(magnitude, radix: 16), by: 4)
        case "X": digits = (isAlternate ? "0X" : "") + grouped(String(magnitude, radix: 16, uppercase: true), by: 4)
        case "c":
            guard let value = UInt32(exactly: number), let scalar = Unicode.Scalar(value) else {
                throw invalidOperation("\(number) is not the number of a character")
            }
            return try padded(sign: "", String(scalar), alignment ?? "<", budget)
        default: return try laidOut(Double(number), budget)
        }
        return try padded(sign: sign(isNegative: number < 0), digits, alignment ?? ">", budget)
    }

    /// A floating-point number.
    func laidOut(_ number: Double, _ budget: TemplateBudget) throws -> String {
        let magnitude = number.magnitude
        let decimals = precision ?? 6
        guard decimals <= Self.mostDecimals else {
            throw TemplateError(
                .limitExceeded, "\(decimals) decimals are requested; at most \(Self.mostDecimals) are written")
        }
        var text: String
        let hash = isAlternate ? "#" : ""
        switch type {
        case nil where precision == nil: text = pythonText(of: magnitude)
        case nil:
            text = Self.general(magnitude, max(1, decimals), hash)
            if number.isFinite, !text.contains("."), !text.contains("e") { text += ".0" }
        case "f", "F": text = String(format: "%\(hash).\(decimals)f", magnitude)
        case "e", "E": text = String(format: "%\(hash).\(decimals)e", magnitude)
        case "g", "G", "n": text = Self.general(magnitude, max(1, decimals), hash)
        case "%": text = String(format: "%\(hash).\(decimals)f", magnitude * 100) + "%"
        default: throw unknownType("float")
        }
        if !number.isFinite { text = number.isNaN ? "nan" : "inf" }
        if type == "E" || type == "G" || type == "F" { text = text.uppercased() }
        if let point = text.firstIndex(where: { !("0"..."9").contains($0) }) {
            text = grouped(String(text[..<point]), by: 3) + text[point...]
        } else {
            text = grouped(text, by: 3)
        }
        return try padded(
            sign: sign(isNegative: number.sign == .minus && !number.isNaN), text, alignment ?? ">", budget)
    }

    func unknownType(_ kind: String) -> TemplateError {
        let shown = type.map { String($0) } ?? ""
        return invalidOperation("Unknown format code '\(shown)' for object of type '\(kind)'")
    }

    private static func general(_ number: Double, _ digits: Int, _ hash: String) -> String {
        String(format: "%\(hash).\(digits)g", number)
    }

    private func sign(isNegative: Bool) -> String { isNegative ? "-" : sign == "-" ? "" : String(sign) }

    private func grouped(_ digits: String, by size: Int) -> String {
        guard let grouping else { return digits }
        var result = ""
        let count = digits.utf8.count
        for (index, digit) in digits.enumerated() {
            if index > 0 && (count - index) % size == 0 { result.unicodeScalars.append(grouping) }
            result.append(digit)
        }
        return result
    }

    private func padded(
        sign: String, _ text: String, _ alignment: Unicode.Scalar, _ budget: TemplateBudget
    ) throws -> String {
        let count = sign.unicodeScalars.count + text.unicodeScalars.count
        guard width > count else { return sign + text }
        let missing = width - count
        try budget.build(width, times: 4)
        func space(_ count: Int) -> String { String(repeating: String(fill), count: count) }
        switch alignment {
        case "<": return sign + text + space(missing)
        case "^": return space(missing / 2) + sign + text + space(missing - missing / 2)
        case "=": return sign + space(missing) + text
        default: return space(missing) + sign + text
        }
    }
}

/// Reads the parts of a format from left to right.
struct FormatScanner {
    private(set) var rest: ArraySlice<Unicode.Scalar>

    init(_ text: String) { rest = Array(text.unicodeScalars)[...] }

    var next: Unicode.Scalar? { rest.first }

    mutating func take() -> Unicode.Scalar? { rest.popFirst() }

    /// The next character, if it is one of these.
    mutating func take(_ characters: String) -> Unicode.Scalar? {
        guard let next, characters.unicodeScalars.contains(next) else { return nil }
        return rest.popFirst()
    }

    /// An integer in decimal digits, or nil when there is none.
    mutating func number() throws -> Int? {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        guard let value = Int(String(scalars: digits)) else {
            throw invalidOperation("a width or precision in a format is too large")
        }
        return value
    }
}
