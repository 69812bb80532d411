import Foundation
import Testing
import TinyFoundation
import TinyTestSupport

@Suite("Atomic files")
struct AtomicFileTests {
    @Test("a file is replaced as a whole and no temporary file stays")
    func replaces() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a.txt"
            try AtomicFile.write(Data("first".utf8), to: path)
            try AtomicFile.write(Data("second".utf8), to: path)
            #expect(try read(path) == Data("second".utf8))
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["a.txt"])
        }
    }

    @Test("what a killed process left of the same file is removed, and nothing else")
    func abandonedFiles() throws {
        try withTemporaryDirectory { directory in
            let system = try #require(TemporaryName.system)
            let kept = [
                "a.txt.00000000-7.tmp", "b.txt.\(system)-7.tmp", "a.txt.backup.tmp", "a.txt.\(system).tmp",
                "a.txt.\(system)-x.tmp", "a.txt.\(system)-8.tmp", "a.txt.\(system)-9.tmp",
            ]
            for name in kept.dropLast() + ["a.txt.\(system)-7.tmp"] { try write("part", to: "\(directory)/\(name)") }
            // Locked, as by a process that writes it; and not a file.
            let locked = open("\(directory)/\(kept[5])", O_WRONLY)
            defer { close(locked) }
            #expect(flock(locked, LOCK_EX) == 0)
            #expect(mkfifo("\(directory)/\(kept[6])", 0o600) == 0)
            try AtomicFile.write(Data("whole".utf8), to: directory + "/a.txt")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == (kept + ["a.txt"]).sorted())
        }
    }

    @Test("writers of the same file at the same time all succeed, though each removes what is abandoned")
    func concurrentWrites() async throws {
        try await withTemporaryDirectory { directory in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        for _ in 0..<100 { try AtomicFile.write(Data("\(writer)".utf8), to: directory + "/a.txt") }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try read(directory + "/a.txt").count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["a.txt"])
        }
    }

    @Test("a missing directory is named")
    func missingDirectory() throws {
        try withTemporaryDirectory { directory in
            let message = description(in: directory) { try AtomicFile.write(Data(), to: directory + "/x/a.txt") }
            #expect(
                message == "cannot write DIR/x/a.txt: creating a file in DIR/x failed: No such file or directory\n"
                    + " hint: the directory does not exist")
        }
    }

    @Test("a path that leads through a file, or ends at a directory, is refused with the system's reason")
    func wrongKinds() throws {
        try withTemporaryDirectory { directory in
            try write("", to: directory + "/file")
            #expect(
                description(in: directory) { try AtomicFile.write(Data(), to: directory + "/file/a.txt") }
                    == "cannot write DIR/file/a.txt: creating a file in DIR/file failed: Not a directory")
            try AtomicFile.makeDirectory(directory + "/b")
            #expect(
                description(in: directory) { try AtomicFile.write(Data("x".utf8), to: directory + "/b") }
                    == "cannot write DIR/b: Is a directory")
            #expect(
                description(in: directory) { try AtomicFile.makeDirectory(directory + "/file") }
                    == "DIR/file is a file, expected a directory")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["b", "file"])
        }
    }

    @Test("a link stays and leads to the new file; what is written to a pipe goes into it")
    func linksAndPipes() throws {
        try withTemporaryDirectory { directory in
            try write("old", to: directory + "/file")
            try FileManager.default.createSymbolicLink(atPath: directory + "/link", withDestinationPath: "file")
            try AtomicFile.write(Data("new".utf8), to: directory + "/link")
            #expect(try read(directory + "/file") == Data("new".utf8))
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: directory + "/link") == "file")

            let pipe = directory + "/pipe"
            #expect(mkfifo(pipe, 0o600) == 0)
            let reader = open(pipe, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            try AtomicFile.write(Data("through".utf8), to: pipe)
            var bytes = [UInt8](repeating: 0, count: 20)
            #expect(Foundation.read(reader, &bytes, bytes.count) == 7)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["file", "link", "pipe"])
        }
    }

    @Test("a link to a file that is not there yet stays, and the file is made; links in a circle are refused")
    func linksToNothing() throws {
        try withTemporaryDirectory { directory in
            let files = FileManager.default
            try AtomicFile.makeDirectory(directory + "/folder")
            try files.createSymbolicLink(atPath: directory + "/first", withDestinationPath: "folder/second")
            try files.createSymbolicLink(atPath: directory + "/folder/second", withDestinationPath: "../file")
            try AtomicFile.write(Data("new".utf8), to: directory + "/first")
            #expect(try read(directory + "/file") == Data("new".utf8))
            #expect(try files.destinationOfSymbolicLink(atPath: directory + "/first") == "folder/second")
            #expect(try files.destinationOfSymbolicLink(atPath: directory + "/folder/second") == "../file")

            try files.createSymbolicLink(atPath: directory + "/a", withDestinationPath: "b")
            try files.createSymbolicLink(atPath: directory + "/b", withDestinationPath: "a")
            #expect(
                description(in: directory) { try AtomicFile.write(Data(), to: directory + "/a") }
                    == "cannot write DIR/a: Too many levels of symbolic links")
            #expect(try files.destinationOfSymbolicLink(atPath: directory + "/a") == "b")
        }
    }

    @Test("a file that is replaced keeps its permissions", arguments: [0o600, 0o640, 0o444] as [mode_t])
    func permissions(mode: mode_t) throws {
        try withTemporaryDirectory { directory in
            try write("old", to: directory + "/file")
            try FileManager.default.createSymbolicLink(atPath: directory + "/link", withDestinationPath: "file")
            #expect(chmod(directory + "/file", mode) == 0)
            for name in ["/file", "/link"] {
                try AtomicFile.write(Data("new".utf8), to: directory + name)
                var status = stat()
                #expect(stat(directory + "/file", &status) == 0)
                #expect(status.st_mode & 0o777 == mode, "\(name)")
            }
            #expect(try read(directory + "/file") == Data("new".utf8))
        }
    }

    @Test("what is not a file is refused by its kind, without waiting for it")
    func readsFilesOnly() throws {
        try withTemporaryDirectory { directory in
            #expect(mkfifo(directory + "/pipe", 0o600) == 0)
            try write("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n", to: directory + "/pointer")
            let reasons = ["/pipe", "", "/pointer", "/absent"].map { name in
                description(in: directory) { _ = try MappedFile(path: directory + name) }
            }
            #expect(
                reasons == [
                    "DIR/pipe is a pipe, expected a file\n hint: save what comes out of the pipe as a file",
                    "DIR is a directory, expected a file",
                    "DIR/pointer is a Git LFS pointer, not the file itself\n hint: `git lfs pull` fetches the file",
                    "cannot read DIR/absent: No such file or directory",
                ])
            for path in ["/dev/null", "/dev/zero"] {
                #expect(
                    description(in: directory) { _ = try MappedFile(path: path) }
                        == "\(path) is a device, expected a file")
            }
            #expect(description(in: directory) { _ = try MappedFile(path: "") } == "the path of a file is empty")
        }
    }

    @Test("directories are made with those above them, and may be there already")
    func directories() throws {
        try withTemporaryDirectory { directory in
            for _ in 0..<2 { try AtomicFile.makeDirectory(directory + "/a/b/c") }
            try AtomicFile.makeDirectory(directory + "/a/d/")
            try AtomicFile.write(Data("x".utf8), to: directory + "/a/b/c/file")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/a").sorted() == ["b", "d"])
        }
    }

    @Test("a new directory is made with those above it, and not where there is something already")
    func newDirectories() throws {
        try withTemporaryDirectory { directory in
            #expect(try AtomicFile.makeNewDirectory(directory + "/a/b"))
            #expect(try !AtomicFile.makeNewDirectory(directory + "/a/b"))
            try write("", to: directory + "/file")
            #expect(try !AtomicFile.makeNewDirectory(directory + "/file"))
            #expect(
                description(in: directory) { _ = try AtomicFile.makeNewDirectory(directory + "/file/c") }
                    == "cannot make the directory DIR/file/c: Not a directory")
        }
    }
}
