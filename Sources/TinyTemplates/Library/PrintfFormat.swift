/// Python's `format % values`: `"%s has %d" % ("he", 3)`.
struct PrintfFormat {
    private let text: TemplateText
    private let interpreter: TemplateInterpreter
    private let scalars: [Unicode.Scalar]

    init(_ text: TemplateText, _ interpreter: TemplateInterpreter) {
        self.text = text
        self.interpreter = interpreter
        scalars = Array(text.string.unicodeScalars)
    }

    private struct State {
        var index = 0
        var result = ""
        var values: ArraySlice<TemplateObject>
        var usedNames = false

        mutating func nextValue() throws -> TemplateObject {
            guard let value = values.popFirst() else {
                throw invalidOperation("not enough arguments for format string")
            }
            return value
        }
    }

    func apply(to arguments: TemplateObject) throws -> TemplateObject {
        var values = [arguments]
        if case .tuple(let list) = arguments { values = list.elements }
        var state = State(values: values[...])
        try interpreter.budget.build(scalars.count, times: 4)
        while state.index < scalars.count {
            let scalar = scalars[state.index]
            state.index += 1
            guard scalar == "%" else {
                state.result.unicodeScalars.append(scalar)
                continue
            }
            try appendConversion(arguments, &state)
        }
        var mayBeUnused = state.usedNames
        switch arguments {
        // Python accepts every value with subscripts as a mapping here.
        case .dictionary, .list, .range, .undefined: mayBeUnused = true
        default: break
        }
        if !mayBeUnused && !state.values.isEmpty {
            throw invalidOperation("not all arguments converted during string formatting")
        }
        return text.with(state.result)
    }

    private func appendConversion(_ arguments: TemplateObject, _ state: inout State) throws {
        var format = NumberFormat()
        var named: TemplateObject?
        if peek(state) == "(" {
            guard case .dictionary(let dictionary) = arguments else {
                throw invalidOperation("format requires a mapping")
            }
            let end = try closingParenthesis(&state)
            let name = String(scalars: scalars[state.index..<end])
            state.index = end + 1
            state.usedNames = true
            guard let value = dictionary[name] else {
                throw invalidOperation("the format uses the name '\(name)', which has no value")
            }
            named = value
        }
        var isZeroPadded = false
        flags: while let flag = peek(state) {
            switch flag {
            case "-": format.alignment = "<"
            case "0": isZeroPadded = true
            case "+": format.sign = "+"
            case " ": if format.sign != "+" { format.sign = " " }
            case "#": format.isAlternate = true
            default: break flags
            }
            state.index += 1
        }
        format.width = try number(&state)
        if format.width < 0 {
            format.alignment = "<"
            format.width = format.width == .min ? .max : -format.width
        }
        if peek(state) == "." {
            state.index += 1
            format.precision = max(0, try number(&state))
        }
        while let length = peek(state), "hlL".unicodeScalars.contains(length) { state.index += 1 }
        guard let conversion = peek(state) else { throw invalidOperation("incomplete format") }
        state.index += 1
        if conversion == "%" && scalars[state.index - 2] == "%" {
            state.result += "%"
            return
        }
        let value: TemplateObject
        if let named { value = named } else { value = try state.nextValue() }
        if isZeroPadded && format.alignment != "<" && conversion != "s" && conversion != "r" {
            format.fill = "0"
            format.alignment = "="
        }
        format.type = conversion
        state.result += try converted(value, format)
    }

    private func converted(_ value: TemplateObject, _ format: NumberFormat) throws -> String {
        var format = format
        let budget = interpreter.budget
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
        guard let precision = format.precision else { return try format.laidOut(number, interpreter.budget) }
        // A precision asks for that many digits at least.
        var digits = NumberFormat()
        digits.type = format.type
        let text = try digits.laidOut(Int(number.magnitude & UInt(Int.max)), interpreter.budget)
        let padded = try TextMethods.padded(text, to: precision, .right, with: "0", interpreter.budget)
        let sign = number < 0 ? "-" : format.sign == "-" ? "" : String(format.sign)
        var layout = format
        layout.alignment = layout.alignment == "<" ? "<" : ">"
        if layout.fill == "0" { layout.fill = " " }
        return try layout.laidOut(sign + padded, interpreter.budget)
    }

    private func peek(_ state: State) -> Unicode.Scalar? { state.index < scalars.count ? scalars[state.index] : nil }

    /// Digits, or `*` for the next value.
    private func number(_ state: inout State) throws -> Int {
        if peek(state) == "*" {
            state.index += 1
            return try Optional(try state.nextValue()).integer(0, of: "*")
        }
        let start = state.index
        while let digit = peek(state), ("0"..."9").contains(digit) { state.index += 1 }
        guard start < state.index else { return 0 }
        guard let value = Int(String(scalars: scalars[start..<state.index])) else {
            throw invalidOperation("a width or precision in a format is too large")
        }
        return value
    }

    private func closingParenthesis(_ state: inout State) throws -> Int {
        state.index += 1
        var open = 1
        for index in state.index..<scalars.count {
            if scalars[index] == "(" { open += 1 }
            if scalars[index] == ")" { open -= 1 }
            if open == 0 { return index }
        }
        throw invalidOperation("incomplete format key")
    }
}
