// Python's `str` operations, on code points.

/// Upper and lower case as Python maps them.
enum PythonCase {
    static func upper(_ text: String) -> String { mapped(text) { $0.properties.uppercaseMapping } }

    static func lower(_ text: String) -> String {
        guard text.unicodeScalars.contains("Σ") else { return mapped(text) { $0.properties.lowercaseMapping } }
        let scalars = Array(text.unicodeScalars)
        var result = ""
        for (index, scalar) in scalars.enumerated() {
            result += scalar == "Σ" && isFinalSigma(scalars, index) ? "ς" : scalar.properties.lowercaseMapping
        }
        return result
    }

    /// The first character in title case, the others in lower case.
    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return "" }
        let rest = String(text.unicodeScalars.dropFirst())
        // The rest is mapped as part of the whole, because a final sigma looks at what stands before it.
        guard rest.unicodeScalars.contains("Σ") else { return first.properties.titlecaseMapping + lower(rest) }
        let lowered = lower(text), firstLowered = first.properties.lowercaseMapping
        return first.properties.titlecaseMapping
            + String(lowered.unicodeScalars.dropFirst(firstLowered.unicodeScalars.count))
    }

    /// Each run of letters capitalised.
    static func title(_ text: String) -> String {
        var result = ""
        var isInWord = false
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            result += isInWord ? properties.lowercaseMapping : properties.titlecaseMapping
            isInWord = properties.isCased
        }
        return result
    }

    static func swapped(_ text: String) -> String {
        mapped(text) {
            $0.properties.isUppercase
                ? $0.properties.lowercaseMapping
                : $0.properties.isLowercase ? $0.properties.uppercaseMapping : String($0)
        }
    }

    private static func mapped(_ text: String, _ mapping: (Unicode.Scalar) -> String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars { result += mapping(scalar) }
        return result
    }

    /// A sigma after a letter and not before one, whatever marks stand between.
    private static func isFinalSigma(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
        func isLetter(_ scalar: Unicode.Scalar?) -> Bool { scalar?.properties.isCased ?? false }
        let isSkipped = { (scalar: Unicode.Scalar) in scalar.properties.isCaseIgnorable }
        return isLetter(scalars[..<index].last { !isSkipped($0) })
            && !isLetter(scalars[(index + 1)...].first { !isSkipped($0) })
    }
}

extension Unicode.Scalar {
    var isPythonAlpha: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    var isPythonDecimal: Bool { properties.numericType == .decimal }

    var isPythonDigit: Bool { properties.numericType == .decimal || properties.numericType == .digit }

    var isPythonNumeric: Bool { properties.numericType != nil }

    var isPythonAlphanumeric: Bool { isPythonAlpha || isPythonNumeric }

    /// Whether Python's `splitlines` ends a line here.
    var isLineBreak: Bool {
        switch value {
        case 0x0A...0x0D, 0x1C...0x1E, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }
}

extension TemplateText {
    /// The text escaped as HTML; unchanged when it is markup.
    var escaped: TemplateText {
        guard !isMarkup else { return self }
        var result = ""
        result.reserveCapacity(string.utf8.count)
        for scalar in string.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&#39;"
            case "\"": result += "&#34;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return TemplateText(result, isMarkup: true)
    }
}

/// The lines of a text, with or without their line breaks.
func lines(of text: String, keepingBreaks: Bool = false) -> [String] {
    let scalars = Array(text.unicodeScalars)
    var lines: [String] = []
    var start = 0
    var index = 0
    while index < scalars.count {
        guard scalars[index].isLineBreak else {
            index += 1
            continue
        }
        let end = index
        index += scalars[index] == "\r" && index + 1 < scalars.count && scalars[index + 1] == "\n" ? 2 : 1
        lines.append(String(scalars: scalars[start..<(keepingBreaks ? index : end)]))
        start = index
    }
    if start < scalars.count { lines.append(String(scalars: scalars[start...])) }
    return lines
}

/// A text without white space, or without the given characters, at its ends.
func stripped(_ text: String, of characters: String?, left: Bool = true, right: Bool = true) -> String {
    let set = characters.map { Set($0.unicodeScalars) }
    func goes(_ scalar: Unicode.Scalar) -> Bool { set?.contains(scalar) ?? scalar.isPythonSpace }
    var view = text.unicodeScalars[...]
    if left { view = view.drop(while: goes) }
    if right {
        while let last = view.last, goes(last) { view.removeLast() }
    }
    return String(String.UnicodeScalarView(view))
}
