import TinyFoundation

/// Python's `str.format`: `"{} is {age:>3}".format("he", age=7)`.
struct BraceFormat {
    private let arguments: TemplateCall
    private var interpreter: TemplateInterpreter { arguments.interpreter }

    init(_ arguments: TemplateCall) { self.arguments = arguments }

    func format(_ text: TemplateText) throws -> TemplateObject {
        var next = 0
        try interpreter.budget.build(text.string.utf8.count)
        return text.with(
            try formatted(Array(text.string.unicodeScalars)[...], isMarkup: text.isMarkup, depth: 0, next: &next))
    }

    /// - Parameters:
    ///   - depth: Nesting depth: the layout of a field may itself have fields.
    ///   - next: The number of the next field without a name; negative after a numbered field.
    private func formatted(
        _ scalars: ArraySlice<Unicode.Scalar>, isMarkup: Bool, depth: Int, next: inout Int
    ) throws -> String {
        guard depth < 3 else { throw invalidOperation("Max string recursion exceeded") }
        var result = ""
        var index = scalars.startIndex
        while index < scalars.endIndex {
            let scalar = scalars[index]
            index += 1
            guard scalar == "{" || scalar == "}" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            if index < scalars.endIndex, scalars[index] == scalar {
                result.unicodeScalars.append(scalar)
                index += 1
                continue
            }
            guard scalar == "{" else { throw invalidOperation("Single '}' encountered in format string") }
            let end = try closingBrace(scalars, from: index)
            result += try field(scalars[index..<end], isMarkup: isMarkup, depth: depth, next: &next)
            index = end + 1
        }
        return result
    }

    private func closingBrace(_ scalars: ArraySlice<Unicode.Scalar>, from start: Int) throws -> Int {
        var open = 1
        var isInBrackets = false
        for index in start..<scalars.endIndex {
            switch scalars[index] {
            case "[" where open == 1: isInBrackets = true
            case "]": isInBrackets = false
            case "{" where !isInBrackets: open += 1
            case "}" where !isInBrackets: open -= 1
            default: break
            }
            if open == 0 { return index }
        }
        throw invalidOperation("expected '}' before end of string")
    }

    private func field(
        _ field: ArraySlice<Unicode.Scalar>, isMarkup: Bool, depth: Int, next: inout Int
    ) throws -> String {
        var nameEnd = field.startIndex
        var isInBrackets = false
        while nameEnd < field.endIndex {
            let scalar = field[nameEnd]
            if scalar == "[" { isInBrackets = true }
            if scalar == "]" { isInBrackets = false }
            if !isInBrackets && (scalar == "!" || scalar == ":") { break }
            nameEnd += 1
        }
        var value = try self.value(field[..<nameEnd], next: &next)
        var rest = field[nameEnd...]
        if rest.first == "!" {
            let conversion = rest.dropFirst().first
            rest = rest.dropFirst(2)
            guard rest.isEmpty || rest.first == ":" else {
                throw invalidOperation("expected ':' after conversion specifier")
            }
            switch conversion {
            case "s": value = .text(try value.printed(interpreter.budget))
            case "r", "a": value = .text(try value.represented(interpreter.budget))
            default: throw invalidOperation("a conversion in a format must be !s, !r or !a")
            }
        }
        let layout = try formatted(rest.dropFirst(), isMarkup: false, depth: depth + 1, next: &next)
        let shown = try laidOut(value, layout)
        guard isMarkup else { return shown }
        if case .string(let text) = value, text.isMarkup { return shown }
        return TemplateText(shown).escaped.string
    }

    private func value(_ name: ArraySlice<Unicode.Scalar>, next: inout Int) throws -> TemplateObject {
        let end = name.firstIndex { $0 == "." || $0 == "[" } ?? name.endIndex
        let first = String(scalars: name[..<end])
        var value: TemplateObject
        if first.isEmpty || first.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            guard first.isEmpty ? next >= 0 : next <= 0 else {
                throw invalidOperation("a format mixes numbered fields with fields without a number")
            }
            guard let index = first.isEmpty ? next : Int(first), index < arguments.positional.count else {
                throw invalidOperation("a format has more fields than there are arguments")
            }
            next = first.isEmpty ? next + 1 : -1
            value = arguments.positional[index]
        } else {
            guard let found = arguments.named.first(where: { $0.name.hasSameScalars(as: first) }) else {
                throw invalidOperation("a format uses the name '\(first)', which is not an argument")
            }
            value = found.value
        }
        var index = end
        while index < name.endIndex {
            let isItem = name[index] == "["
            let start = index + 1
            let stop =
                isItem
                ? name[start...].firstIndex(of: "]") ?? name.endIndex
                : name[start...].firstIndex { $0 == "." || $0 == "[" } ?? name.endIndex
            let key = String(scalars: name[start..<stop])
            guard !key.isEmpty, !isItem || stop < name.endIndex else {
                throw invalidOperation("Empty attribute in format string")
            }
            if isItem {
                value = try interpreter.item(Int(key).map { .integer($0) } ?? .text(key), of: value)
                index = stop + 1
                guard index == name.endIndex || name[index] == "." || name[index] == "[" else {
                    throw invalidOperation("Only '.' or '[' may follow ']' in format field specifier")
                }
            } else {
                value = try interpreter.attribute(key, of: value)
                index = stop
            }
        }
        return value
    }

    private func laidOut(_ value: TemplateObject, _ layout: String) throws -> String {
        let budget = interpreter.budget
        guard !layout.isEmpty else { return try value.printed(budget) }
        var format = try parsed(layout)
        switch value {
        case .string(let text):
            guard format.type == nil || format.type == "s" else { throw format.unknownType("str") }
            guard format.alignment != "=" else {
                throw invalidOperation("'=' alignment not allowed in string format specifier")
            }
            var shown = text.string
            if let precision = format.precision { shown = String(scalars: shown.unicodeScalars.prefix(precision)) }
            return try format.laidOut(shown, budget)
        case .bool(let flag) where format.type == nil:
            format.alignment = format.alignment ?? ">"
            return try format.laidOut(flag ? 1 : 0, budget)
        case .bool, .integer:
            guard case .integer(let number)? = value.number else { return "" }
            guard format.type.map({ "bcdeEfFgGnoxX%".unicodeScalars.contains($0) }) ?? true else {
                throw format.unknownType("int")
            }
            return try format.laidOut(number, budget)
        case .float(let number):
            guard format.type.map({ "eEfFgGn%".unicodeScalars.contains($0) }) ?? true else {
                throw format.unknownType("float")
            }
            return try format.laidOut(number, budget)
        default: throw invalidOperation("unsupported format string passed to \(value.typeName).__format__")
        }
    }

    private func parsed(_ layout: String) throws -> NumberFormat {
        var format = NumberFormat()
        var scanner = FormatScanner(layout)
        let alignments = "<>=^"
        if let second = scanner.rest.dropFirst().first, alignments.unicodeScalars.contains(second) {
            format.fill = scanner.take() ?? " "
            format.alignment = scanner.take()
        } else {
            format.alignment = scanner.take(alignments)
        }
        let hasFill = scanner.rest.startIndex == 2
        format.sign = scanner.take("+- ") ?? format.sign
        format.isAlternate = scanner.take("#") != nil
        if scanner.take("0") != nil {
            if !hasFill { format.fill = "0" }
            format.alignment = format.alignment ?? "="
        }
        format.width = try scanner.number() ?? 0
        format.grouping = scanner.take(",_")
        if scanner.take(".") != nil {
            format.precision = try scanner.number()
            if format.precision == nil { throw invalidOperation("Format specifier missing precision") }
        }
        format.type = scanner.take()
        guard scanner.rest.isEmpty else { throw invalidOperation("Invalid format specifier '\(layout)'") }
        return format
    }
}
