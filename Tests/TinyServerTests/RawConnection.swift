import Foundation

/// A connection to this machine that sends and receives what a test wants, and no more.
final class RawConnection: Sendable {
    private let descriptor: Int32

    /// - Parameter receiveBuffer: Bytes that the system takes for a client that does not read; `nil` for as many as it likes.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        #if os(Linux)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let descriptor = socket(AF_INET, kind, 0)
        self.descriptor = descriptor
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        #if !os(Linux)
            var isOn: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &isOn, socklen_t(MemoryLayout<Int32>.size))
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw CocoaError(.featureUnsupported) }
    }

    deinit { close(descriptor) }

    /// Sends a text, in which `\n` ends lines of the head.
    func send(head: String, body: String = "") {
        let bytes = Array(head.replacingOccurrences(of: "\n", with: "\r\n").utf8) + Array(body.utf8)
        #if os(Linux)
            let flags = Int32(MSG_NOSIGNAL)
        #else
            let flags: Int32 = 0
        #endif
        _ = bytes.withUnsafeBytes { write in
            #if canImport(Glibc)
                Glibc.send(descriptor, write.baseAddress, write.count, flags)
            #else
                Darwin.send(descriptor, write.baseAddress, write.count, flags)
            #endif
        }
    }

    /// What arrives until `isEnough` holds or the connection is closed.
    ///
    /// - Parameter meanwhile: Called some hundred times a second.
    func receive(
        meanwhile: () -> Void = {}, until isEnough: (String) -> Bool = { _ in false }
    ) async throws -> (text: String, isClosed: Bool) {
        var bytes: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { bytes += buffer[..<count] }
            let text = String(decoding: bytes, as: UTF8.self)
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { return (text, true) }
            if isEnough(text) { return (text, false) }
            meanwhile()
            if count < 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }
}
