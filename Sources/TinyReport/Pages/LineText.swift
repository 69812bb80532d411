/// Text from the files of runs as a part of one line: line breaks and tabs become spaces, and other control characters, which a terminal
/// would obey, are left out.
func oneLine(_ text: String) -> String {
    var line = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .lineSeparator, .paragraphSeparator: line.unicodeScalars.append(" ")
        case .control: if scalar.properties.isWhitespace { line.unicodeScalars.append(" ") }
        default: line.unicodeScalars.append(scalar)
        }
    }
    return line
}

/// Text from the files of runs as plain text in a line of Markdown.
func markdownText(_ text: String) -> String {
    oneLine(text).reduce(into: "") { line, character in
        if "\\`*_[]<>#|".contains(character) { line += "\\" }
        line.append(character)
    }
}
