/// Labels of an answer's parts: `(a) 3, (b) 4`, `\text{(i)} 3; \text{(ii)} 4`, `Part (a): 3`.
///
/// `a)` also ends a factor such as `(x-a)`, so a label counts only at the start of the answer or behind a separator, outside
/// brackets and formulas, with a value behind it.
struct PartLabels {
    private static let series = [["a", "b", "c", "d", "e"], ["i", "ii", "iii", "iv"]]
    /// What parts a label from the value before it.
    private static let separators = [",", ";", "\n", "\\\\", "\\quad", "\\qquad", "\\text{ and }", "and "].map {
        Array($0.utf8)
    }
    private static let spaces = ["\\ ", "\\,", "\\;", "\\:", "~", " ", "\t", "\r"].map { Array($0.utf8) }
    /// Commands that set a label upright.
    private static let commands = ["\\text{", "\\textbf{", "\\mathrm{", "\\mathbf{", "\\textrm{"].map { Array($0.utf8) }

    private let bytes: [UInt8]
    private let labels: [String]
    /// The values between the labels found so far.
    private var values: [String] = []
    private var position = 0

    /// `(a) 3, (b) 4` as `(3, 4)`, in order as a tuple; `nil` without labels on the first two parts.
    static func tuple(of text: String) -> String? {
        // Only mathematics that is one formula as a whole has labels inside it.
        let whole = text.trimmingSpaces, inner = whole.dropFirst().dropLast()
        let isFormula = whole.hasPrefix("$") && whole.hasSuffix("$") && !inner.contains("$")
        let bytes = Array((isFormula ? String(inner) : text).utf8)
        return series.lazy.compactMap { labels in
            var reader = PartLabels(bytes: bytes, labels: labels)
            return reader.read() ? "(" + reader.values.joined(separator: ", ") + ")" : nil
        }.first
    }

    private init(bytes: [UInt8], labels: [String]) {
        self.bytes = bytes
        self.labels = labels
    }

    /// Reads all parts; whether there are two or more.
    private mutating func read() -> Bool {
        skipSpaces()
        guard let (end, _) = label(at: position, count: 0) else { return false }
        position = end
        while true {
            let start = position
            let next = nextLabel()
            let value = Self.withoutSeparators(
                String(decoding: bytes[start..<(next?.start ?? bytes.count)], as: UTF8.self))
            guard Self.startsValue(value) else { return false }
            values.append(value)
            guard let next else { return values.count > 1 }
            position = next.end
        }
    }

    /// The next label behind ``position``, outside brackets and formulas.
    private func nextLabel() -> (start: Int, end: Int)? {
        guard values.count + 1 < labels.count else { return nil }
        var index = position, depth = 0, isFormula = false
        while index < bytes.count {
            if depth == 0, !isFormula, let (start, isSeparated) = gap(at: index) {
                if let (end, isBracketed) = label(at: start, count: values.count + 1),
                    isSeparated || isBracketed && endsValue(at: index)
                {
                    return (index, end)
                }
                index = start
                continue
            }
            switch bytes[index] {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
            case UInt8(ascii: "$"): isFormula.toggle()
            default: break
            }
            index += 1
        }
        return nil
    }

    /// The position behind the separators and white space at a position, and whether there are separators; `nil` where there
    /// is neither.
    private func gap(at start: Int) -> (end: Int, isSeparated: Bool)? {
        var end = start, isSeparated = false
        while true {
            if let separator = Self.separators.first(where: { bytes[end...].starts(with: $0) }) {
                end += separator.count
                isSeparated = true
            } else if let space = Self.spaces.first(where: { bytes[end...].starts(with: $0) }) {
                end += space.count
            } else {
                return end > start ? (end, isSeparated) : nil
            }
        }
    }

    /// Whether a value ends at a position, so that white space alone parts `(b)` from it: `(a) 3 (b) 4`, not `(a) 3 + (b) 4`.
    private func endsValue(at end: Int) -> Bool {
        guard let last = bytes[position..<end].last else { return false }
        guard isLetter(last) else { return isDigit(last) || "})$%".utf8.contains(last) }
        let word = bytes[position..<end].reversed().drop(while: isLetter)
        return word.first != UInt8(ascii: "\\")
    }

    private mutating func skipSpaces() {
        while let form = (Self.spaces + [[UInt8(ascii: "\n")]]).first(where: { bytes[position...].starts(with: $0) }) {
            position += form.count
        }
    }

    /// The end of the label that starts at a position, and whether it is bracketed; `nil` where none starts.
    private func label(at start: Int, count: Int) -> (end: Int, isBracketed: Bool)? {
        var index = start
        func take(_ text: String) -> Bool {
            guard bytes[index...].starts(with: text.utf8) else { return false }
            index += text.utf8.count
            return true
        }
        let command = Self.commands.first { bytes[start...].starts(with: $0) }
        index += command?.count ?? 0
        _ = take("Part ") || take("part ")
        let isBracketed = take("(")
        guard take(labels[count] + ")") else { return nil }
        _ = take(":") || take(".")
        if command != nil {
            while take(" ") {}
            guard take("}") else { return nil }
        }
        _ = take(":")
        return (index, isBracketed)
    }

    /// A value without white space and separators at its ends.
    private static func withoutSeparators(_ value: String) -> String {
        var bytes = Array(value.utf8)[...]
        while let form = spaces.first(where: bytes.starts) { bytes = bytes.dropFirst(form.count) }
        while let form = (separators + spaces).first(where: {
            bytes.count >= $0.count && bytes.suffix($0.count).elementsEqual($0)
        }) {
            bytes = bytes.dropLast(form.count)
        }
        return String(decoding: bytes, as: UTF8.self).trimmingSpaces
    }

    /// Whether a value stands behind a label, and no operation: `(a) = 3` has one, `(a)^2` none.
    private static func startsValue(_ value: String) -> Bool {
        ChoiceLetter.startsValue(
            value.hasPrefix("=") ? value.dropFirst().drop(while: \.isWhitespace) : Substring(value))
    }
}
