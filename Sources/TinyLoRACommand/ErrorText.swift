import ArgumentParser
import Foundation
import TinyLoRA

/// What a person is told about an error.
struct ErrorText {
    /// The command that ran; `nil` when the arguments could not be parsed.
    let running: (any ParsableCommand.Type)?
    /// The arguments of this program.
    let arguments: [String]

    /// Takes the arguments of this program.
    init(of running: (any ParsableCommand.Type)?, arguments: [String] = Array(CommandLine.arguments.dropFirst())) {
        self.running = running
        self.arguments = arguments
    }

    /// The command that the arguments name; `nil` when they name none.
    private var command: (any ParsableCommand.Type)? {
        TinyLoRACommand.configuration.subcommands.first { $0.configuration.commandName == arguments.first }
    }

    /// The message with the usage of the command where the arguments are wrong.
    func text(for error: any Error) -> String {
        guard let running, let error = error as? ValidationError else { return parserText(for: error) }
        let name = running.configuration.commandName ?? ""
        return """
            Error: \(error.message)
            Usage: \(TinyLoRACommand.usageString(for: running))
              See 'tinylora \(name) --help' for more information.
            """
    }

    /// The parser's text. Where an option is not there but is a setting, or was one elsewhere, a hint says what to write.
    private func parserText(for error: any Error) -> String {
        var lines = TinyLoRACommand.fullMessage(for: error).components(separatedBy: "\n")
        let beginning = "Error: Unknown option '--"
        if lines[0].hasPrefix(beginning) {
            let option = String(lines[0].dropFirst(beginning.count).prefix { $0 != "'" })
            if let hint = hint(for: option) {
                // The parser's own guess is a name of few letters.
                lines[0] = "\(beginning)\(option)'"
                lines.insert(" hint: \(hint)", at: 1)
            }
        }
        return lines.joined(separator: "\n")
    }

    /// What to write instead of an option that a command with settings does not have.
    private func hint(for option: String) -> String? {
        guard let help = command?.helpMessage(columns: 200), help.contains("--set ") else { return nil }
        let name = option.replacing("-", with: "_"), foreign = ForeignName(name)
        guard let key = TrainingConfiguration.keys.contains(name) ? name : foreign?.key else { return foreign?.hint }
        let flag = "--" + TrainCommand.flag(of: key), value = value(of: option)
        return help.contains("  \(flag) ") ? "write \(flag) \(value)" : "write --set \(key)=\(value)"
    }

    /// The value that an option was given, to be copied; `VALUE` where there is none.
    private func value(of option: String) -> String {
        guard let index = arguments.firstIndex(where: { $0 == "--\(option)" || $0.hasPrefix("--\(option)=") }) else {
            return "VALUE"
        }
        if let sign = arguments[index].firstIndex(of: "=") { return String(arguments[index][sign...].dropFirst()) }
        let next = arguments.dropFirst(index + 1).first
        return next.flatMap { $0.hasPrefix("--") ? nil : $0 } ?? "VALUE"
    }
}
