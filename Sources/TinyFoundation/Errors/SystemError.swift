internal import Foundation

/// What the operating system answered to a call that failed.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The value of `errno`.
    public let number: Int32

    /// Takes an error number.
    public init(number: Int32) { self.number = number }

    /// The error of the call that has just failed on this thread.
    package static var last: SystemError { SystemError(number: errno) }

    /// The system's words, such as "No space left on device".
    public var description: String { String(cString: strerror(number)) }
}

/// What the system said, without Foundation's frame around it: "No space left on device".
package func systemReason(_ error: any Error) -> String {
    let error = error as NSError
    if let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError { return systemReason(cause) }
    if error.domain == NSPOSIXErrorDomain {
        return SystemError(number: Int32(truncatingIfNeeded: error.code)).description
    }
    return error.localizedDescription
}
