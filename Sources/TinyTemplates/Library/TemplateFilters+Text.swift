extension TemplateFilters {
    static func mapping(_ map: @escaping @Sendable (String) -> String) -> Filter {
        { value, call in
            _ = try call.positional(of: "the filter", most: 0)
            let text = try softText(value, call.budget)
            try call.budget.build(text.string.utf8.count, times: 3)
            return text.with(map(text.string))
        }
    }

    static func center(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let width = try call.bound(to: "center", ["width"])[0].integer(80, of: "center")
        let text = try softText(value, call.budget)
        return text.with(try TextMethods.padded(text.string, to: width, .center, with: " ", call.budget))
    }

    static func trim(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let characters = try call.bound(to: "trim", ["chars"])[0].unlessNone
        let text = try softText(value, call.budget)
        try call.budget.build(text.string.utf8.count)
        return text.with(stripped(text.string, of: try characters.map { try Optional($0).text("", of: "trim") }))
    }

    static func replace(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "replace", ["old", "new", "count"], required: 2)
        let budget = call.budget
        return .text(
            try TextMethods.replaced(
                try value.printed(budget), try (values[0] ?? .none).printed(budget),
                by: try (values[1] ?? .none).printed(budget),
                count: try values[2].unlessNone.integer(-1, of: "replace"), budget))
    }

    static func format(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        guard call.positional.isEmpty || call.named.isEmpty else {
            throw invalidOperation("can't handle positional and keyword arguments at the same time")
        }
        let values: TemplateObject =
            try call.named.isEmpty
            ? .tuple(TemplateList(call.positional))
            : .dictionary(TemplateDictionary(call.named.map { (.text($0.name), $0.value) }))
        return try PrintfFormat.formatted(softText(value, call.budget), with: values, call.budget)
    }

    static func title(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let text = try softText(value, call.budget).string
        try call.budget.build(text.utf8.count, times: 3)
        var result = ""
        var word = String.UnicodeScalarView()
        func finish() {
            if let first = word.first {
                result +=
                    PythonCase.upper(String(first))
                    + PythonCase.lower(String(String.UnicodeScalarView(word.dropFirst())))
            }
            word = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            if scalar.isPythonSpace || "-({[<".unicodeScalars.contains(scalar) {
                finish()
                result.unicodeScalars.append(scalar)
            } else {
                word.append(scalar)
            }
        }
        finish()
        return .text(result)
    }

    static func indent(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "indent", ["width", "first", "blank"])
        let text = try value.text(for: "indent")
        var indentation: String
        if case .string(let given)? = values[0] {
            indentation = text.isMarkup ? given.escaped.string : given.string
        } else {
            let width = max(0, try values[0].integer(4, of: "indent"))
            try call.budget.build(width)
            indentation = String(repeating: " ", count: width)
        }
        let isFirstIndented = values[1].flag(false), areBlanksIndented = values[2].flag(false)
        let all = lines(of: text.string + "\n")
        try call.budget.build(all.count, times: indentation.utf8.count + 1)
        try call.budget.build(text.string.utf8.count)
        var result = isFirstIndented ? indentation : ""
        for (index, line) in all.enumerated() {
            if index > 0 {
                result += "\n"
                if areBlanksIndented || !line.isEmpty { result += indentation }
            }
            result += line
        }
        return text.with(result)
    }

    static func truncate(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(to: "truncate", ["length", "killwords", "end", "leeway"])
        let length = try values[0].integer(255, of: "truncate"), end = try values[2].text("...", of: "truncate")
        let leeway = try values[3].unlessNone.integer(5, of: "truncate")
        let endCount = end.unicodeScalars.count
        guard length >= endCount else { throw invalidOperation("expected length >= \(endCount), got \(length)") }
        guard leeway >= 0 else { throw invalidOperation("expected leeway >= 0, got \(leeway)") }
        let (most, overflow) = length.addingReportingOverflow(leeway)
        if overflow { return value }
        if try call.interpreter.length(of: value) <= most { return value }
        guard case .string(let text) = value else {
            throw invalidOperation("truncate needs a str, found \(value.typeName)")
        }
        try call.budget.build(text.string.utf8.count)
        var kept = Array(text.string.unicodeScalars.prefix(length - endCount))
        if !values[1].flag(false), let space = kept.lastIndex(of: " ") { kept = Array(kept[..<space]) }
        return text.with(String(scalars: kept) + end)
    }

    static func countWords(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        var count = 0
        var isInWord = false
        let text = try softText(value, call.budget).string
        try call.budget.spend(text.utf8.count / 16)
        for scalar in text.unicodeScalars {
            let isWord = scalar.isPythonAlphanumeric || scalar == "_"
            if isWord && !isInWord { count += 1 }
            isInWord = isWord
        }
        return .integer(count)
    }

    static func wrapWords(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let values = try call.bound(
            to: "wordwrap", ["width", "break_long_words", "wrapstring", "break_on_hyphens"])
        let text = try value.text(for: "wordwrap")
        let wrapper = TextWrapper(
            width: try values[0].integer(79, of: "wordwrap"), breaksLongWords: values[1].flag(true),
            breaksAtHyphens: values[3].flag(true))
        let separator = try values[2].unlessNone.text("\n", of: "wordwrap")
        guard wrapper.width > 0 else { throw invalidOperation("invalid width \(wrapper.width) (must be > 0)") }
        try call.budget.build(text.string.utf8.count, times: 4 + separator.utf8.count)
        let paragraphs = lines(of: text.string).map { wrapper.lines(of: $0).joined(separator: separator) }
        return .text(paragraphs.joined(separator: separator))
    }

    // MARK: HTML and addresses

    static func escape(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let text = try softText(value, call.budget)
        try call.budget.build(text.string.utf8.count, times: 5)
        return .string(text.escaped)
    }

    static func stripTags(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        var text = try value.printed(call.budget)
        try call.budget.build(text.utf8.count, times: 4)
        for (open, close) in [("<!--", "-->"), ("<", ">")] { text = removed(text, from: open, to: close) }
        text = TextMethods.words(of: text).joined(separator: " ")
        return .text(try unescapedHTML(text))
    }

    private static func removed(_ text: String, from open: String, to close: String) -> String {
        let bytes = Array(text.utf8)
        let opening = ByteSearch(open), closing = ByteSearch(close)
        var result: [UInt8] = []
        var position = 0
        while let start = opening.first(in: bytes, from: position),
            let end = closing.first(in: bytes, from: start)
        {
            result += bytes[position..<start]
            position = end + closing.length
        }
        return String(decoding: result + bytes[position...], as: UTF8.self)
    }

    /// Bytes in which the end of an entity's name is looked for.
    private static let longestEntity = 40

    private static func unescapedHTML(_ text: String) throws -> String {
        let known = [
            "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}", "#39": "'", "#34": "\"",
        ]
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            result += rest[..<start]
            rest = rest[start...].dropFirst()
            guard let end = rest.utf8.prefix(longestEntity).firstIndex(of: UInt8(ascii: ";")),
                rest[..<end].utf8.allSatisfy({
                    $0 == UInt8(ascii: "#") || $0 < 0x80 && Unicode.Scalar($0).isPythonAlphanumeric
                }),
                end > rest.startIndex
            else {
                result += "&"
                continue
            }
            guard let character = known[String(rest[..<end])] else {
                throw TemplateError(.unsupported, "striptags does not know &\(rest[..<end]);")
            }
            result += character
            rest = rest[end...].dropFirst()
        }
        return result + rest
    }

    static func urlEncode(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let budget = call.budget
        func quoted(_ value: TemplateObject, inQuery: Bool) throws -> String {
            let text = try value.printed(budget)
            try budget.build(text.utf8.count, times: 3)
            var result = ""
            for byte in text.utf8 {
                let scalar = Unicode.Scalar(byte)
                if byte < 0x80, scalar.isPythonAlphanumeric || "_.-~".unicodeScalars.contains(scalar) {
                    result.unicodeScalars.append(scalar)
                } else if scalar == "/" && !inQuery {
                    result += "/"
                } else if scalar == " " && inQuery {
                    result += "+"
                } else {
                    result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
                }
            }
            return result
        }
        switch value {
        case .undefined, .list, .tuple, .dictionary, .range, .view, .generator, .loop:
            var source = value
            if case .dictionary(let dictionary) = value { source = .view(.items, dictionary) }
            let parts = try call.interpreter.elements(of: source).map { element in
                let (name, value) = try call.interpreter.pair(element, for: "urlencode")
                return try quoted(name, inQuery: true) + "=" + quoted(value, inQuery: true)
            }
            return .text(parts.joined(separator: "&"))
        default: return .text(try quoted(value, inQuery: false))
        }
    }

    static func xmlAttributes(_ value: TemplateObject, _ call: TemplateCall) throws -> TemplateObject {
        let hasSpace = try call.bound(to: "xmlattr", ["autospace"])[0].flag(true)
        let dictionary = try value.dictionary(for: "xmlattr")
        var parts: [String] = []
        for (key, value) in zip(dictionary.keys, dictionary.values) {
            switch value {
            case .none, .undefined: continue
            default: break
            }
            let name = try Optional(key).text("", of: "xmlattr")
            guard !name.unicodeScalars.contains(where: { " \t\n\r\u{0B}\u{0C}/>=".unicodeScalars.contains($0) }) else {
                throw invalidOperation("Invalid character in attribute name: '\(name)'")
            }
            let shown = try softText(value, call.budget)
            try call.budget.build(name.utf8.count + shown.string.utf8.count, times: 5)
            parts.append("\(TemplateText(name).escaped.string)=\"\(shown.escaped.string)\"")
        }
        let text = parts.joined(separator: " ")
        return .text(hasSpace && !text.isEmpty ? " " + text : text)
    }
}
