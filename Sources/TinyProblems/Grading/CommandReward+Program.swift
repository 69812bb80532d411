import Foundation
public import TinyFoundation

extension CommandReward {
    /// Checks that the program with which the command begins is there and can be started, and so is the script of an
    /// interpreter, as in `python3 grade.py`. Nothing of the command is run.
    ///
    /// What only a shell can work out, such as `$GRADER` or `(cd tests; ./run)`, is not checked.
    ///
    /// - Throws: ``ProblemError`` with code `unusableGrader`.
    public func checkProgram() throws(ProblemError) {
        let words = firstWords(of: command).drop { isAssignment($0) || wrappers.contains($0) }
        guard let program = words.first, !program.hasPrefix("-") else { return }
        if program.contains("/") {
            try check(program, mustBeExecutable: true)
        } else if !isKnownToShell(program) {
            throw ProblemError(
                .unusableGrader, "the grader \"\(command)\" cannot be started: there is no program \(program)",
                hint: FileManager.default.fileExists(atPath: program)
                    ? "a program in the current directory is called ./\(program)" : nil)
        }
        let name = program.split(separator: "/").last.map(String.init) ?? program
        guard interpreters.contains(name.prefix { !$0.isNumber }.lowercased()) else { return }
        for argument in words.dropFirst() {
            // After these comes the text of a program, or the name of a module.
            if ["-c", "-m", "-e"].contains(argument) { return }
            if argument.hasPrefix("-") { continue }
            // An option may have a value of its own, which looks like no path.
            if argument.contains("/") || argument.contains(".") { try check(argument, mustBeExecutable: false) }
            return
        }
    }

    private func check(_ path: String, mustBeExecutable: Bool) throws(ProblemError) {
        let file = (path as NSString).expandingTildeInPath
        var isDirectory: ObjCBool = false
        let reason: String? =
            if !FileManager.default.fileExists(atPath: file, isDirectory: &isDirectory) {
                "there is no file \(path)"
            } else if isDirectory.boolValue {
                "\(path) is a directory"
            } else if mustBeExecutable, !FileManager.default.isExecutableFile(atPath: file) {
                "\(path) is not executable"
            } else { nil }
        if let reason {
            throw ProblemError(.unusableGrader, "the grader \"\(command)\" cannot be started: \(reason)")
        }
    }
}

/// Programs whose first argument is a script, without their versions.
private let interpreters = [
    "python", "pypy", "sh", "bash", "dash", "zsh", "ksh", "node", "perl", "ruby", "rscript", "php",
]

/// Words that may stand before a program.
private let wrappers = ["exec", "command", "env", "nohup", "time"]

/// The words of a command up to the first that a shell would change or that ends the command, quotation marks taken off.
private func firstWords(of command: String) -> [String] {
    var words: [String] = [], word = "", isWord = false
    var quote: Character?
    for character in command {
        switch (quote, character) {
        case (let open?, character) where open == character: quote = nil
        case ("\""?, "$"), ("\""?, "`"), ("\""?, "\\"): return words
        case (_?, _): word.append(character)
        case (nil, "'"), (nil, "\""):
            quote = character
            isWord = true
        case (nil, _) where character.isWhitespace && !character.isNewline:
            if isWord { words.append(word) }
            (word, isWord) = ("", false)
        case (nil, ";"), (nil, "|"), (nil, "&"), (nil, "\n"):
            return isWord ? words + [word] : words
        case (nil, _) where "$`\\*?[](){}<>#!^=".contains(character) && !(character == "=" && isName(word)):
            return words
        default:
            word.append(character)
            isWord = true
        }
    }
    return isWord && quote == nil ? words + [word] : words
}

private func isName(_ word: String) -> Bool {
    !word.isEmpty && !(word.first?.isNumber ?? true)
        && word.allSatisfy { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
}

private func isAssignment(_ word: String) -> Bool {
    word.firstIndex(of: "=").map { isName(String(word[..<$0])) } ?? false
}

/// Whether the shell finds a program, a command of its own or a word of its language by this name.
private func isKnownToShell(_ name: String) -> Bool {
    let shell = ChildProgram("/bin/sh", ["-c", "command -v -- \"$1\"", "sh", name])
    // Without a shell nothing can be said about a program.
    guard let result = try? shell.run() else { return true }
    return result.ending == .exited(0)
}
