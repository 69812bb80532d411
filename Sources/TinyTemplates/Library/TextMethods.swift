/// The methods of texts.
enum TextMethods {
    typealias Method = @Sendable (TemplateText, TemplateCall) throws -> TemplateObject

    static let all: [String: Method] = [
        "capitalize": mapping { PythonCase.capitalized($0) },
        "center": padding(.center), "ljust": padding(.left), "rjust": padding(.right),
        "count": count,
        "endswith": affix(isPrefix: false), "startswith": affix(isPrefix: true),
        "expandtabs": expandTabs,
        "find": search(isFromEnd: false, mustExist: false), "rfind": search(isFromEnd: true, mustExist: false),
        "index": search(isFromEnd: false, mustExist: true), "rindex": search(isFromEnd: true, mustExist: true),
        "format": format, "format_map": formatMap,
        "isalnum": every { $0.isPythonAlphanumeric }, "isalpha": every { $0.isPythonAlpha },
        "isascii": predicate { text in text.utf8.allSatisfy { $0 < 0x80 } },
        "isdecimal": every { $0.isPythonDecimal }, "isdigit": every { $0.isPythonDigit },
        "isidentifier": predicate(isIdentifier),
        "islower": predicate(isLower), "isupper": predicate(isUpper), "istitle": predicate(isTitle),
        "isnumeric": every { $0.isPythonNumeric },
        "isprintable": predicate { text in text.unicodeScalars.allSatisfy(\.isPythonPrintable) },
        "isspace": every { $0.isPythonSpace },
        "join": join,
        "lower": mapping { PythonCase.lower($0) }, "upper": mapping { PythonCase.upper($0) },
        "swapcase": mapping { PythonCase.swapped($0) }, "title": mapping { PythonCase.title($0) },
        "casefold": caseFold,
        "strip": strip(left: true, right: true), "lstrip": strip(left: true, right: false),
        "rstrip": strip(left: false, right: true),
        "partition": partition(isFromEnd: false), "rpartition": partition(isFromEnd: true),
        "removeprefix": removeAffix(isPrefix: true), "removesuffix": removeAffix(isPrefix: false),
        "replace": replace,
        "split": split(isFromEnd: false), "rsplit": split(isFromEnd: true),
        "splitlines": splitLines,
        "zfill": fillZeros,
    ]

    // MARK: Whole texts

    private static func mapping(_ map: @escaping @Sendable (String) -> String) -> Method {
        { text, call in
            _ = try call.positional(of: "the method", most: 0)
            try call.budget.build(text.string.utf8.count, times: 3)
            return text.with(map(text.string))
        }
    }

    private static func predicate(_ test: @escaping @Sendable (String) -> Bool) -> Method {
        { text, call in
            _ = try call.positional(of: "the method", most: 0)
            try call.budget.spend(text.string.utf8.count / 16)
            return .bool(test(text.string))
        }
    }

    private static func every(_ test: @escaping @Sendable (Unicode.Scalar) -> Bool) -> Method {
        predicate { text in !text.isEmpty && text.unicodeScalars.allSatisfy(test) }
    }

    private static func isIdentifier(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first == "_" || first.properties.isXIDStart else { return false }
        return text.unicodeScalars.dropFirst().allSatisfy(\.properties.isXIDContinue)
    }

    static func isLower(_ text: String) -> Bool {
        text.unicodeScalars.contains(where: \.properties.isLowercase)
            && !text.unicodeScalars.contains {
                $0.properties.isUppercase || $0.properties.generalCategory == .titlecaseLetter
            }
    }

    static func isUpper(_ text: String) -> Bool {
        text.unicodeScalars.contains(where: \.properties.isUppercase)
            && !text.unicodeScalars.contains {
                $0.properties.isLowercase || $0.properties.generalCategory == .titlecaseLetter
            }
    }

    private static func isTitle(_ text: String) -> Bool {
        var isInWord = false
        var hasWord = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isUppercase || scalar.properties.generalCategory == .titlecaseLetter {
                if isInWord { return false }
                isInWord = true
                hasWord = true
            } else if scalar.properties.isLowercase {
                if !isInWord { return false }
            } else {
                isInWord = false
            }
        }
        return hasWord
    }

    private static func caseFold(_ text: TemplateText, _ call: TemplateCall) throws -> TemplateObject {
        _ = try call.positional(of: "casefold", most: 0)
        guard text.string.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw TemplateError(.unsupported, "casefold is supported for ASCII text only", hint: "use lower")
        }
        return text.with(text.string.lowercased())
    }

    // MARK: Padding

    enum Side {
        case left, center, right
    }

    private static func padding(_ side: Side) -> Method {
        { text, call in
            let values = try call.positional(of: "the method", least: 1, most: 2)
            let fill = try values[1].text(" ", of: "a fill character")
            guard fill.unicodeScalars.count == 1 else {
                throw invalidOperation("The fill character must be exactly one character long")
            }
            let width = try values[0].integer(0, of: "a width")
            return text.with(try padded(text.string, to: width, side, with: fill, call.budget))
        }
    }

    /// The text with characters added up to a width; `side` is where the text stands.
    static func padded(
        _ text: String, to width: Int, _ side: Side, with fill: String, _ budget: TemplateBudget
    ) throws -> String {
        let count = text.unicodeScalars.count
        guard width > count else { return text }
        let padding = width - count
        try budget.build(width, times: 4)
        let left: Int
        switch side {
        case .left: left = 0
        case .right: left = padding
        case .center: left = padding / 2 + (padding & width & 1)
        }
        return String(repeating: fill, count: left) + text + String(repeating: fill, count: padding - left)
    }

    private static func fillZeros(_ text: TemplateText, _ call: TemplateCall) throws -> TemplateObject {
        let width = try call.positional(of: "zfill", least: 1, most: 1)[0].integer(0, of: "zfill")
        let sign = text.string.hasPrefix("-") || text.string.hasPrefix("+") ? String(text.string.prefix(1)) : ""
        let rest = String(text.string.unicodeScalars.dropFirst(sign.utf8.count))
        let inner = width.subtractingReportingOverflow(sign.utf8.count)
        return text.with(
            sign
                + (try padded(rest, to: inner.overflow ? 0 : inner.partialValue, .right, with: "0", call.budget))
        )
    }

    private static func expandTabs(_ text: TemplateText, _ call: TemplateCall) throws -> TemplateObject {
        let size = try call.bound(to: "expandtabs", ["tabsize"])[0].integer(8, of: "expandtabs")
        var result = String.UnicodeScalarView()
        var column = 0
        for scalar in text.string.unicodeScalars {
            if scalar == "\t" {
                guard size > 0 else { continue }
                let count = size - column % size
                try call.budget.build(count)
                result.append(contentsOf: repeatElement(" ", count: count))
                column = column % size &+ count
            } else {
                result.append(scalar)
                column = scalar == "\n" || scalar == "\r" ? 0 : column + 1
            }
        }
        try call.budget.build(text.string.utf8.count)
        return text.with(String(result))
    }

    private static func strip(left: Bool, right: Bool) -> Method {
        { text, call in
            let values = try call.positional(of: "strip", most: 1)
            let characters = try values[0].unlessNone.map { try Optional($0).text("", of: "strip") }
            try call.budget.build(text.string.utf8.count)
            return text.with(stripped(text.string, of: characters, left: left, right: right))
        }
    }

    // MARK: Formats and joins

    private static func join(_ text: TemplateText, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.positional(of: "join", least: 1, most: 1)
        var result = ""
        for (index, element) in try call.interpreter.elements(of: values[0] ?? .none).enumerated() {
            guard case .string(let part) = element else {
                throw invalidOperation("sequence item \(index): expected str instance, \(element.typeName) found")
            }
            if index > 0 { result += text.string }
            let shown = text.isMarkup ? part.escaped.string : part.string
            try call.budget.build(shown.utf8.count + text.string.utf8.count)
            result += shown
        }
        return text.with(result)
    }

    private static func format(_ text: TemplateText, _ call: TemplateCall) throws -> TemplateObject {
        try BraceFormat(call).format(text)
    }

    private static func formatMap(_ text: TemplateText, _ call: TemplateCall) throws -> TemplateObject {
        guard case .dictionary(let dictionary)? = try call.positional(of: "format_map", least: 1, most: 1)[0] else {
            throw invalidOperation("format_map needs a dict")
        }
        var named = TemplateCall(interpreter: call.interpreter)
        for (key, value) in zip(dictionary.keys, dictionary.values) {
            if case .string(let name) = key { named.named.append((name.string, value)) }
        }
        return try BraceFormat(named).format(text)
    }
}
