// Runs the built `tinylora` as a stranger would: arguments in; status, output and error text out.
//
// Of the package's types these tests know the hash function only. What they hold the command to is what a shell script can
// rely on.

import Foundation
import Testing

/// The built command.
enum Executable {
    /// `tinylora` beside the test bundle, where SwiftPM puts both; `nil` when it was not built.
    static let path: String? = {
        let bundle = CommandLine.arguments.first { $0.contains(".xctest") }
        guard let bundle, let end = bundle.range(of: ".xctest") else { return nil }
        let folder = URL(fileURLWithPath: String(bundle[..<end.upperBound])).deletingLastPathComponent()
        let path = folder.appendingPathComponent("tinylora").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    /// Whether there is something to test.
    static var isBuilt: Bool { path != nil }

    /// Shown when a suite is skipped.
    static let absence: Comment = "there is no tinylora executable beside the test bundle"

    /// How long one command may take before it is killed; the slowest here takes a few seconds.
    static let limit: TimeInterval = 120

    /// Runs the command to its end.
    ///
    /// - Parameters:
    ///   - arguments: What follows `tinylora`.
    ///   - input: What the command reads on standard input.
    ///   - scratch: Holds the command's home and caches, so that a test neither sees nor leaves anything outside.
    ///   - variables: Environment variables to set.
    ///   - limit: Kills the command after so many seconds.
    ///   - interruption: Sends it a signal before.
    static func run(
        _ arguments: [String], input: String? = nil, in scratch: Scratch, variables: [String: String] = [:],
        limit: TimeInterval = limit, interruption: Interruption? = nil
    ) throws -> Outcome {
        try run(
            try #require(path), arguments, input: input, in: scratch, variables: variables, limit: limit,
            interruption: interruption)
    }

    /// A signal that a command gets as soon as something is seen.
    struct Interruption {
        let signal: Int32
        let condition: () -> Bool

        static func signal(_ signal: Int32, once condition: @escaping () -> Bool) -> Interruption {
            Interruption(signal: signal, condition: condition)
        }
    }

    /// Runs a line of a shell, in which `"$0"` is the command.
    static func run(
        shell line: String, in scratch: Scratch, variables: [String: String] = [:]
    ) throws -> Outcome {
        try run(
            "/bin/bash", ["-c", line, try #require(path)], input: nil, in: scratch, variables: variables, limit: limit,
            interruption: nil)
    }

    private static func run(
        _ program: String, _ arguments: [String], input: String?, in scratch: Scratch, variables: [String: String],
        limit: TimeInterval, interruption: Interruption?
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = scratch.folder
        var environment = ProcessInfo.processInfo.environment
        environment["HOME"] = scratch.folder.path
        environment["XDG_CACHE_HOME"] = scratch.folder.appendingPathComponent("cache").path
        for name in ["HF_HOME", "HF_HUB_CACHE", "HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE"] { environment[name] = nil }
        process.environment = environment.merging(variables) { $1 }
        if let input {
            let file = try scratch.emptyFile("stdin")
            try Data(input.utf8).write(to: file)
            process.standardInput = try FileHandle(forReadingFrom: file)
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        // Files, not pipes: nobody has to read while the command writes.
        let output = try scratch.emptyFile("stdout"), errors = try scratch.emptyFile("stderr")
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)

        try process.run()
        let identifier = process.processIdentifier
        let watchdog = DispatchWorkItem { kill(identifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: watchdog)
        if let interruption {
            while process.isRunning, !interruption.condition() { usleep(10_000) }
            if process.isRunning { kill(identifier, interruption.signal) }
        }
        process.waitUntilExit()
        watchdog.cancel()
        return Outcome(
            arguments: arguments,
            status: process.terminationStatus,
            wasKilled: process.terminationReason == .uncaughtSignal,
            output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }
}

/// What a command left behind.
struct Outcome: CustomStringConvertible {
    var arguments: [String]
    /// Exit status, or the signal's number when ``wasKilled``.
    var status: Int32
    /// Whether a signal ended it: a trap, or the time limit.
    var wasKilled: Bool
    var output: String
    var errors: String

    /// The lines of the error text that state an error.
    var errorLines: [String] {
        errors.split(separator: "\n").map(String.init).filter { $0.lowercased().hasPrefix("error: ") }
    }

    /// The one JSON object on standard output.
    func json() throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
        return try #require(value as? [String: Any], "\(self)")
    }

    var description: String {
        """
        tinylora \(arguments.joined(separator: " "))
        \(wasKilled ? "ended by signal" : "status") \(status)
        --- standard output
        \(output.prefix(2000))
        --- standard error
        \(errors.prefix(2000))
        """
    }
}

/// Expects one sentence on standard error, no result on standard output, and a status that is neither success nor a signal.
///
/// - Parameter words: What the sentence or its hint has to name: the file, the tensor, both values.
func expectRefusal(
    _ outcome: Outcome, naming words: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(!outcome.wasKilled, "\(outcome)", sourceLocation: sourceLocation)
    #expect((1..<128).contains(outcome.status), "\(outcome)", sourceLocation: sourceLocation)
    #expect(outcome.errorLines.count == 1, "\(outcome)", sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, "\(outcome)", sourceLocation: sourceLocation)
    for word in words {
        #expect(outcome.errors.contains(word), "expected \"\(word)\" in\n\(outcome)", sourceLocation: sourceLocation)
    }
}

/// Expects status 0.
func expectSuccess(_ outcome: Outcome, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(!outcome.wasKilled && outcome.status == 0, "\(outcome)", sourceLocation: sourceLocation)
}
