import Foundation
import Synchronization
import TinyFoundation

/// Standard input, output and error. Nothing else in this target uses them.
///
/// Results go to standard output: one that cannot be written is an error. Progress goes to standard error: it is shown where
/// that is possible, and nothing that happens there ends a run.
enum StandardStreams {
    /// Must come before anything is opened or written.
    static func prepare() {
        // A descriptor that the caller has closed would be given to the next file that is opened: progress lines would go
        // into a record. The modes make reading and writing fail, as on a closed descriptor.
        for (descriptor, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
        where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", mode)
        }
        // A closed pipe and a file that has reached its limit are errors of the call. Handlers, because a child process
        // would inherit that a signal is ignored.
        for number in [SIGPIPE, SIGXFSZ] { signal(number) { _ in } }
    }
}

/// Where results go.
enum StandardOutput {
    private static let failure = Mutex<SystemError?>(nil)

    /// Writes a line of a result that is also kept elsewhere or ends soon: the work goes on, and ``check()`` throws.
    ///
    /// A terminal that is gone has nobody who reads: this is no error.
    static func print(_ line: String) {
        failure.withLock { failure in
            guard failure == nil, let error = writeAll(Data((line + "\n").utf8), to: STDOUT_FILENO) else { return }
            if !isTerminalGone(error) { failure = error }
        }
    }

    /// Writes a part of a result that is of no use unless it arrives.
    ///
    /// - Throws: ``UsageError`` with the system's reason.
    static func write(_ data: Data) throws {
        try check()
        if let error = writeAll(data, to: STDOUT_FILENO) { throw unwritable(error) }
    }

    /// Writes a part of a result that is of no use unless it arrives.
    static func write(_ text: String) throws { try write(Data(text.utf8)) }

    /// - Throws: ``UsageError`` when an earlier line could not be written.
    static func check() throws {
        if let error = failure.withLock({ $0 }) { throw unwritable(error) }
    }

    /// Whether the error is that of a terminal that has hung up, which `isatty` no longer knows as one.
    private static func isTerminalGone(_ error: SystemError) -> Bool {
        var status = stat()
        return error.number == EIO && fstat(STDOUT_FILENO, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
    }

    private static func unwritable(_ error: SystemError) -> UsageError {
        UsageError(
            error.number == EBADF
                ? "the result cannot be written: standard output is closed"
                : "the result cannot be written to standard output: \(error)")
    }
}

/// Where progress and errors go.
enum StandardError {
    /// Whether a person sees what is written.
    static let isTerminal = isatty(STDERR_FILENO) == 1

    private struct State {
        var isBlocked = false
        var lost = 0
    }

    private static let state = Mutex(State())
    /// So many bytes never block where the system reports a pipe as writable.
    private static let atomicCount = 512

    /// Writes if that is possible now or within a second. A reader that does not read costs one second once.
    static func write(_ text: String) {
        state.withLock { state in
            let text =
                (state.lost > 0 ? "(\(state.lost) messages were not shown: standard error was blocked)\n" : "") + text
            var rest = Data(text.utf8)[...]
            while !rest.isEmpty {
                guard isReady(POLLOUT, STDERR_FILENO, milliseconds: state.isBlocked ? 0 : 1000) else {
                    state.isBlocked = true
                    state.lost += 1
                    return
                }
                state.isBlocked = false
                let piece = Data(rest.prefix(atomicCount))
                if writeAll(piece, to: STDERR_FILENO) != nil { break }
                rest = rest.dropFirst(piece.count)
            }
            state.lost = 0
        }
    }
}

/// What is read where no file or text is named.
enum StandardInput {
    /// The next bytes; empty at the end.
    ///
    /// - Throws: ``UsageError`` when standard input is closed, a directory, or cannot be read.
    static func read() throws -> Data {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Foundation.read(STDIN_FILENO, &bytes, bytes.count)
            if count >= 0 { return Data(bytes.prefix(count)) }
            switch errno {
            case EINTR: continue
            case EAGAIN: _ = isReady(POLLIN, STDIN_FILENO, milliseconds: -1)
            case EBADF: throw UsageError("standard input is closed")
            case EISDIR: throw UsageError("standard input is a directory, expected a file or a pipe")
            default: throw UsageError("standard input cannot be read: \(SystemError.last)")
            }
        }
    }

    /// Everything up to the end.
    static func readToEnd() throws -> Data {
        var all = Data()
        while true {
            let more = try read()
            if more.isEmpty { return all }
            all += more
        }
    }
}

/// Writes all bytes; returns the system's error if it refuses.
private func writeAll(_ data: Data, to descriptor: Int32) -> SystemError? {
    data.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))  // macOS refuses 2 GiB in one call
            let count = write(descriptor, piece.baseAddress, piece.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                _ = isReady(POLLOUT, descriptor, milliseconds: -1)
            } else if errno != EINTR {
                return .last
            }
        }
        return nil
    }
}

/// Waits until a descriptor can be used, also to give an error; false when the time is over.
private func isReady(_ events: Int32, _ descriptor: Int32, milliseconds: Int32) -> Bool {
    var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&request, 1, milliseconds) != 0
}
