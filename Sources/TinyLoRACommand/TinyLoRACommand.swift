import ArgumentParser
import Foundation
import TinyLoRA

@main
struct TinyLoRACommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tinylora",
        abstract: "Trains a language model to reason by changing a few numbers.",
        version: "tinylora \(TinyLoRAVersion.current)",
        subcommands: [
            TrainCommand.self, SweepCommand.self, ReportCommand.self, EvalCommand.self, AblateCommand.self,
            FilterCommand.self, GenerateCommand.self, ScoreCommand.self, InspectCommand.self, ExportCommand.self,
            TokenizeCommand.self, RenderCommand.self,
            DownloadCommand.self, DoctorCommand.self, GradeCommand.self, BenchCommand.self, VerifyCommand.self,
            PretrainCommand.self,
        ] + serving)

    #if Serve
        private static let serving: [any ParsableCommand.Type] = [ServeCommand.self]
    #else
        private static let serving: [any ParsableCommand.Type] = []
    #endif

    /// As the parser's own, but a result or help text that cannot be written is an error.
    static func main() async {
        StandardStreams.prepare()
        var running: (any ParsableCommand.Type)?
        do {
            var command = try await asyncParseAsRoot()
            running = type(of: command)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            try StandardOutput.check()
        } catch {
            exit(reporting: error, of: running)
        }
    }

    /// Ends the program with an error, or with help, which is one to the parser.
    ///
    /// - Parameter running: The command that ran; `nil` when the arguments could not be parsed.
    private static func exit(reporting error: any Error, of running: (any ParsableCommand.Type)?) -> Never {
        let text = ErrorText(of: running).text(for: error), code = exitCode(for: error)
        if code.isSuccess {
            do {
                try StandardOutput.write(text + "\n")
            } catch {
                exit(reporting: error, of: running)
            }
        } else if !text.isEmpty {
            StandardError.write(text + "\n")
        }
        Foundation.exit(code.rawValue)
    }

    func validate() throws {
        if let problem = InstructionSet.problem { throw ValidationError(problem) }
    }
}
