/// Python's `format % values`: `"%s has %d" % ("he", 3)`.
struct PrintfFormat {
    private let text: TemplateText
    private let budget: TemplateBudget
    private var scanner: FormatScanner
    private var result = ""
    private var values: ArraySlice<TemplateObject>
    private var usesNames = false

    /// A format with the values in place of its conversions.
    static func formatted(
        _ text: TemplateText, with arguments: TemplateObject, _ budget: TemplateBudget
    ) throws -> TemplateObject {
        var format = PrintfFormat(text, arguments, budget)
        try budget.build(format.scanner.rest.count, times: 4)
        while let scalar = format.scanner.take() {
            if scalar == "%" {
                try format.appendConversion(arguments)
            } else {
                format.result.unicodeScalars.append(scalar)
            }
        }
        var mayBeUnused = format.usesNames
        switch arguments {
        // Python accepts every value with subscripts as a mapping here.
        case .dictionary, .list, .range, .undefined: mayBeUnused = true
        default: break
        }
        if !mayBeUnused && !format.values.isEmpty {
            throw invalidOperation("not all arguments converted during string formatting")
        }
        return text.with(format.result)
    }

    private init(_ text: TemplateText, _ arguments: TemplateObject, _ budget: TemplateBudget) {
        self.text = text
        self.budget = budget
        scanner = FormatScanner(text.string)
        if case .tuple(let list) = arguments { values = list.elements[...] } else { values = [arguments] }
    }

    private mutating func nextValue() throws -> TemplateObject {
        guard let value = values.popFirst() else { throw invalidOperation("not enough arguments for format string") }
        return value
    }

    /// Reads what follows a `%` and writes the value.
    private mutating func appendConversion(_ arguments: TemplateObject) throws {
        if scanner.take("%") != nil {
            result += "%"
            return
        }
        var format = NumberFormat()
        var named: TemplateObject?
        if scanner.take("(") != nil {
            guard case .dictionary(let dictionary) = arguments else {
                throw invalidOperation("format requires a mapping")
            }
            let name = try nameInParentheses()
            usesNames = true
            guard let value = dictionary[name] else {
                throw invalidOperation("the format uses the name '\(name)', which has no value")
            }
            named = value
        }
        var isZeroPadded = false
        while let flag = scanner.take("-0+ #") {
            switch flag {
            case "-": format.alignment = "<"
            case "0": isZeroPadded = true
            case "#": format.isAlternate = true
            default: if format.sign != "+" { format.sign = flag }
            }
        }
        format.width = try number()
        if format.width < 0 {
            format.alignment = "<"
            format.width = format.width == .min ? .max : -format.width
        }
        if scanner.take(".") != nil { format.precision = max(0, try number()) }
        while scanner.take("hlL") != nil {}
        guard let conversion = scanner.take() else { throw invalidOperation("incomplete format") }
        let value = try named ?? nextValue()
        if isZeroPadded && format.alignment != "<" && conversion != "s" && conversion != "r" {
            format.fill = "0"
            format.alignment = "="
        }
        format.type = conversion
        result += try converted(value, format)
    }

    private func converted(_ value: TemplateObject, _ format: NumberFormat) throws -> String {
        var format = format
        switch format.type {
        case "s", "r", "a":
            var shown = try format.type == "s" ? value.printed(budget) : value.represented(budget)
            if text.isMarkup, format.type == "s" {
                if case .string(let text) = value {
                    shown = text.escaped.string
                } else {
                    shown = TemplateText(shown).escaped.string
                }
            }
            if let precision = format.precision { shown = String(scalars: shown.unicodeScalars.prefix(precision)) }
            format.alignment = format.alignment ?? ">"
            return try format.laidOut(shown, budget)
        case "c":
            if case .string(let text) = value, text.count == 1 {
                format.alignment = format.alignment ?? ">"
                return try format.laidOut(text.string, budget)
            }
            guard case .integer(let number)? = value.number else { throw invalidOperation("%c requires int or char") }
            format.alignment = format.alignment ?? ">"
            return try format.laidOut(number, budget)
        case "d", "i", "u": return try whole(value, format, isFloatAllowed: true)
        case "x", "X", "o": return try whole(value, format, isFloatAllowed: false)
        case "e", "E", "f", "F", "g", "G":
            guard let number = value.number else {
                throw invalidOperation("must be real number, not \(value.typeName)")
            }
            return try format.laidOut(number.double, budget)
        default: throw invalidOperation("unsupported format character '\(format.type.map { String($0) } ?? "")'")
        }
    }

    private func whole(_ value: TemplateObject, _ format: NumberFormat, isFloatAllowed: Bool) throws -> String {
        let number: Int
        switch value.number {
        case .integer(let integer)?: number = integer
        case .float(let float)? where isFloatAllowed:
            guard let integer = Int(exactly: float.rounded(.towardZero)) else { throw tooLarge() }
            number = integer
        default:
            let shown = format.type.map { String($0) } ?? ""
            throw invalidOperation("%\(shown) format: a number is required, not \(value.typeName)")
        }
        guard let precision = format.precision else { return try format.laidOut(number, budget) }
        // A precision asks for that many digits at least.
        var digits = NumberFormat()
        digits.type = format.type
        let text = try digits.laidOut(Int(number.magnitude & UInt(Int.max)), budget)
        let padded = try TextMethods.padded(text, to: precision, .right, with: "0", budget)
        let sign = number < 0 ? "-" : format.sign == "-" ? "" : String(format.sign)
        var layout = format
        layout.alignment = layout.alignment == "<" ? "<" : ">"
        if layout.fill == "0" { layout.fill = " " }
        return try layout.laidOut(sign + padded, budget)
    }

    /// Digits, or `*` for the next value; 0 for neither.
    private mutating func number() throws -> Int {
        if scanner.take("*") != nil { return try Optional(nextValue()).integer(0, of: "*") }
        return try scanner.number() ?? 0
    }

    /// The text up to the parenthesis that closes the one before it.
    private mutating func nameInParentheses() throws -> String {
        var name = String.UnicodeScalarView()
        var open = 1
        while let scalar = scanner.take() {
            if scalar == "(" { open += 1 }
            if scalar == ")" { open -= 1 }
            if open == 0 { return String(name) }
            name.append(scalar)
        }
        throw invalidOperation("incomplete format key")
    }
}
