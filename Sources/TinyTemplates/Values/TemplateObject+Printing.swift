extension TemplateObject {
    /// Python's `str`: what `{{ … }}` prints.
    func printed(_ budget: TemplateBudget) throws -> String {
        switch self {
        case .undefined: return ""
        case .string(let text): return text.string
        default:
            var printer = ObjectPrinter(budget)
            try printer.append(self)
            return printer.text
        }
    }

    /// Python's `repr`.
    func represented(_ budget: TemplateBudget) throws -> String {
        var printer = ObjectPrinter(budget)
        try printer.append(self)
        return printer.text
    }
}

/// Writes values as Python's `repr` does.
struct ObjectPrinter {
    private let budget: TemplateBudget
    private(set) var text = ""
    private var depth = 0

    /// Namespaces may contain each other, so the depth of values does not bound printing.
    private static let deepest = 400

    init(_ budget: TemplateBudget) {
        self.budget = budget
    }

    mutating func append(_ value: TemplateObject) throws {
        let before = text.utf8.count
        switch value {
        case .undefined: text += "Undefined"
        case .none: text += "None"
        case .bool(let flag): text += flag ? "True" : "False"
        case .integer(let number): text += String(number)
        case .wideInteger(let digits): text += digits
        case .float(let number): text += pythonText(of: number)
        case .string(let string):
            if string.isMarkup { text += "Markup(" }
            appendQuoted(string.string)
            if string.isMarkup { text += ")" }
        case .list(let list): try append(list.elements, "[", "]")
        case .tuple(let list): try append(list.elements, "(", list.elements.count == 1 ? ",)" : ")")
        case .dictionary(let dictionary): try append(dictionary.keys, dictionary.values)
        case .range(let range):
            text +=
                range.step == 1
                ? "range(\(range.start), \(range.stop))" : "range(\(range.start), \(range.stop), \(range.step))"
        case .view(.keys, let dictionary):
            text += "dict_keys("
            try append(dictionary.keys, "[", "])")
        case .view(.values, let dictionary):
            text += "dict_values("
            try append(dictionary.values, "[", "])")
        case .view(.items, let dictionary):
            text += "dict_items("
            try append(try dictionary.items(), "[", "])")
        case .namespace(let namespace):
            text += "<Namespace "
            try append(namespace.names.map { .text($0) }, namespace.values)
            text += ">"
        case .loop(let loop): text += "<LoopContext \(loop.index0 + 1)/\(try loop.length())>"
        case .macro(let macro): text += "<Macro \(macro.syntax.name.map { "'\($0)'" } ?? "anonymous")>"
        case .generator(let generator): text += "<\(generator.kind) object>"
        case .function(let function): text += "<function \(function.name)>"
        }
        try budget.build(max(0, text.utf8.count - before) / 8 + 1)
    }

    private mutating func append(_ elements: [TemplateObject], _ open: String, _ close: String) throws {
        try enter()
        text += open
        for (index, element) in elements.enumerated() {
            if index > 0 { text += ", " }
            try append(element)
        }
        text += close
        depth -= 1
    }

    private mutating func append(_ keys: [TemplateObject], _ values: [TemplateObject]) throws {
        try enter()
        text += "{"
        for (index, (key, value)) in zip(keys, values).enumerated() {
            if index > 0 { text += ", " }
            try append(key)
            text += ": "
            try append(value)
        }
        text += "}"
        depth -= 1
    }

    private mutating func enter() throws {
        guard depth < Self.deepest else {
            throw TemplateError(
                .limitExceeded, "a value that contains itself or nests \(Self.deepest) levels deep, cannot be printed")
        }
        depth += 1
    }

    private mutating func appendQuoted(_ string: String) {
        let hasSingle = string.utf8.contains(UInt8(ascii: "'")), hasDouble = string.utf8.contains(UInt8(ascii: "\""))
        let quote: Unicode.Scalar = hasSingle && !hasDouble ? "\"" : "'"
        text.append(string, quotedBy: quote) { $0.isPythonPrintable ? nil : "\\" + escapedName(of: $0) }
    }
}

extension String {
    /// Appends a text in quotes.
    ///
    /// - Parameter escape: What stands for a character other than quotes, backslashes, line breaks and tabs; nil for itself.
    mutating func append(_ text: String, quotedBy quote: Unicode.Scalar, escape: (Unicode.Scalar) -> String?) {
        var view = UnicodeScalarView()
        view.append(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\": view.append(contentsOf: ["\\", scalar])
            case "\n": view.append(contentsOf: ["\\", "n"])
            case "\r": view.append(contentsOf: ["\\", "r"])
            case "\t": view.append(contentsOf: ["\\", "t"])
            default:
                if let escaped = escape(scalar) {
                    view.append(contentsOf: escaped.unicodeScalars)
                } else {
                    view.append(scalar)
                }
            }
        }
        view.append(quote)
        unicodeScalars.append(contentsOf: view)
    }
}

/// `xe9`, `u20ac`, `U0001f600`: a character by its number, as Python escapes it.
func escapedName(of scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    let (letter, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
    return letter + String(repeating: "0", count: width - digits.count) + digits
}

extension Unicode.Scalar {
    /// Python's `str.isprintable` for one character.
    var isPythonPrintable: Bool {
        if isASCII { return value >= 0x20 && value < 0x7F }
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }
}

/// A floating-point number as Python's `repr` writes it: the shortest digits that read back as the same number.
func pythonText(of number: Double) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    let sign = number.sign == .minus ? "-" : ""
    if number == 0 { return sign + "0.0" }
    let (digits, point) = shortestDigits(of: number.magnitude)
    let count = digits.utf8.count
    // Python writes an exponent below 1e-4 and from 1e16 on.
    if point > 16 || point < -3 {
        let exponent = point - 1
        let mantissa = count == 1 ? digits : "\(digits.prefix(1)).\(digits.dropFirst())"
        let magnitude = String(exponent.magnitude)
        return "\(sign)\(mantissa)e\(exponent < 0 ? "-" : "+")\(magnitude.utf8.count < 2 ? "0" : "")\(magnitude)"
    }
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if point >= count { return sign + digits + String(repeating: "0", count: point - count) + ".0" }
    return "\(sign)\(digits.prefix(point)).\(digits.dropFirst(point))"
}

/// The digits of a positive finite number without zeros at the ends, and how many of them stand before the point.
private func shortestDigits(of number: Double) -> (digits: String, point: Int) {
    let text = number.description
    let parts = text.split(separator: "e")
    let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    var digits = mantissa.joined()
    var point = mantissa[0].utf8.count + exponent
    while digits.first == "0" {
        digits.removeFirst()
        point -= 1
    }
    while digits.last == "0" { digits.removeLast() }
    return (digits, point)
}
