import Foundation

/// What the operating system answered to a call that failed.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The value of `errno`.
    public let number: Int32

    /// Takes an error number.
    public init(number: Int32) { self.number = number }

    /// The error of the call that has just failed on this thread.
    static var last: SystemError { SystemError(number: errno) }

    /// The system's words, such as "No space left on device".
    public var description: String { String(cString: strerror(number)) }
}
