internal import Foundation

/// The reason of the operating system for a failed call.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The value of `errno`.
    public let number: Int32

    /// Takes an error number.
    public init(number: Int32) { self.number = number }

    /// The error of the last failed call on this thread.
    package static var last: SystemError { SystemError(number: errno) }

    /// The system's description, such as "No space left on device".
    public var description: String { String(cString: strerror(number)) }
}

/// The system's reason for an error of Foundation, such as "No space left on device".
package func systemReason(_ error: any Error) -> String {
    let error = error as NSError
    if let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError { return systemReason(cause) }
    if error.domain == NSPOSIXErrorDomain {
        return SystemError(number: Int32(truncatingIfNeeded: error.code)).description
    }
    return error.localizedDescription
}
