import Foundation
import Synchronization

/// What people look at: results on standard output, progress on standard error.
final class Console: Sendable {
    /// Whether results are one JSON object instead of text.
    let json: Bool
    private let isTerminal = StandardError.isTerminal
    private let state = Mutex(State())

    private struct State {
        var lastProgress = ContinuousClock.now
        var progressIsShown = false
        /// Lines of ``board(_:)`` on a terminal, above the cursor.
        var boardLines = 0
    }

    init(json: Bool) {
        self.json = json
    }

    /// A line of a person's result; nothing with `--json`.
    func say(_ line: String = "") {
        guard !json else { return }
        state.withLock { state in
            if state.progressIsShown { StandardError.write("\r\u{1B}[2K") }
            state.progressIsShown = false
        }
        StandardOutput.print(line)
    }

    /// A line of news while working.
    func note(_ line: String) {
        state.withLock { state in
            if state.progressIsShown { StandardError.write("\r\u{1B}[2K") }
            if state.boardLines > 0 { StandardError.write("\u{1B}[\(state.boardLines)A\u{1B}[J") }
            state.progressIsShown = false
            state.boardLines = 0
            StandardError.write(line + "\n")
        }
    }

    /// Something that the user should know before reading a result.
    func warn(_ line: String) { note("warning: " + line) }

    /// The result as one JSON object with sorted keys; nothing without `--json`.
    func result(_ value: some Encodable) throws {
        guard json else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        try StandardOutput.write(encoder.encode(value) + Data("\n".utf8))
    }

    /// A line that the next one replaces: a few times a second on a terminal, every ten seconds in a file.
    func progress(_ line: @autoclosure () -> String) {
        state.withLock { state in
            let now = ContinuousClock.now
            guard now - state.lastProgress >= (isTerminal ? .milliseconds(200) : .seconds(10)) else { return }
            state.lastProgress = now
            state.progressIsShown = isTerminal
            // A line longer than the terminal would leave its first row behind.
            StandardError.write(isTerminal ? "\r\u{1B}[2K" + line().prefix(columns) : line() + "\n")
        }
    }

    /// Lines that the next ones replace: every second on a terminal, every half minute in a file.
    func board(_ lines: () -> [String]) {
        state.withLock { state in
            let now = ContinuousClock.now
            guard now - state.lastProgress >= (isTerminal ? .milliseconds(900) : .seconds(30)) else { return }
            state.lastProgress = now
            let lines = lines()
            let clearing = isTerminal && state.boardLines > 0 ? "\u{1B}[\(state.boardLines)A\u{1B}[J" : ""
            // A line longer than the terminal would take two rows and spoil the count.
            StandardError.write(clearing + lines.map { (isTerminal ? String($0.prefix(columns)) : $0) + "\n" }.joined())
            state.boardLines = isTerminal ? lines.count : 0
        }
    }

    private var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 79 }
        return Int(size.ws_col) - 1
    }
}

/// `value` right-aligned in `width` columns with `places` decimals.
func column(_ value: Double, _ width: Int, places: Int) -> String { String(format: "%*.*f", width, places, value) }

/// `text` right-aligned in `width` columns.
func column(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

/// `text` left-aligned in `width` columns.
func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

/// `1.5 MB`; decimal units.
func bytes(_ count: Int) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"]
    var value = Double(count), unit = 0
    while value >= 1000, unit + 1 < units.count {
        value /= 1000
        unit += 1
    }
    return unit == 0 ? "\(count) B" : column(value, 0, places: value < 10 ? 1 : 0) + " " + units[unit]
}
