import Foundation
import Glibc

/// A page in headless Chromium, worked as a person does: by clicks and keys. Speaks the DevTools protocol over two
/// pipes.
public final class Browser {
    /// Debian's Chromium; nil where there is none.
    public static let program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// The browser did not do what was asked of it.
    public struct Failure: Error, CustomStringConvertible {
        /// What was asked, and what came of it.
        public let description: String
    }

    private let folder: String
    private let process = Process()
    private let input: Int32, output: Int32
    private var received: [UInt8] = []
    private var number = 0
    private var session = ""
    private var events: [(method: String, parameters: [String: Any])] = []

    /// Starts a browser with a blank page.
    /// - Throws: `Failure` without a browser, or one that does not start.
    public init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "lavise-browser-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["in", "out"] { mkfifo("\(folder)/\(name)", 0o600) }
        // Opened for both ends, so that neither side waits for the other.
        input = Glibc.open("\(folder)/in", O_RDWR)
        output = Glibc.open("\(folder)/out", O_RDWR)
        guard input >= 0, output >= 0, let program = Self.program else {
            throw Failure(description: "no pipes, or no Chromium")
        }
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = [
            "-c", "exec \"$@\" 3<\"$0/in\" 4>\"$0/out\"", folder, program, "--headless", "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe", "--user-data-dir=\(folder)/profile", "about:blank",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let target = try send("Target.createTarget", ["url": "about:blank"])["targetId"] as? String ?? ""
        session =
            try send("Target.attachToTarget", ["targetId": target, "flatten": true])["sessionId"] as? String ?? ""
        for domain in ["Page", "Runtime", "Network", "Log", "DOM", "Performance"] {
            _ = try send("\(domain).enable", domain == "Performance" ? ["timeDomain": "threadTicks"] : [:])
        }
    }

    deinit {
        process.terminate()
        process.waitUntilExit()
        close(input)
        close(output)
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: A page

    /// The window's size, and whether the person likes it dark.
    /// - Throws: `Failure` where the browser does not answer.
    public func show(width: Int, height: Int, dark: Bool = false) throws {
        _ = try send(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600])
        let scheme = ["name": "prefers-color-scheme", "value": dark ? "dark" : "light"]
        _ = try send("Emulation.setEmulatedMedia", ["features": [scheme]])
    }

    /// Opens an address and waits until all of it is there.
    /// - Throws: `Failure` where the page does not load.
    public func open(address: String) throws {
        events.removeAll { $0.method == "Page.loadEventFired" }
        _ = try send("Page.navigate", ["url": address])
        try wait { self.events.contains { $0.method == "Page.loadEventFired" } }
    }

    /// What an expression of JavaScript comes to, promises waited for.
    /// - Throws: `Failure` for what JavaScript throws.
    @discardableResult
    public func evaluate(_ expression: String) throws -> Any? {
        let answer = try send(
            "Runtime.evaluate", ["expression": expression, "awaitPromise": true, "returnByValue": true])
        if let thrown = answer["exceptionDetails"] { throw Failure(description: "\(expression): \(thrown)") }
        return (answer["result"] as? [String: Any])?["value"]
    }

    /// What an expression comes to, as JavaScript's `String` writes it.
    /// - Throws: `Failure` for what JavaScript throws.
    public func text(_ expression: String) throws -> String { "\(try evaluate("String(\(expression))") ?? "")" }

    /// What an expression comes to, as JavaScript's `Number` reads it.
    /// - Throws: `Failure` for what JavaScript throws, and for what is no number.
    public func number(_ expression: String) throws -> Double {
        guard let number = try evaluate("Number(\(expression))") as? NSNumber else {
            throw Failure(description: "\(expression) is no number")
        }
        return number.doubleValue
    }

    /// Waits until an expression is true.
    /// - Throws: `Failure` where it never becomes true.
    public func wait(until expression: String, seconds: Double = 30) throws {
        let end = Date().addingTimeInterval(seconds)
        while try evaluate("Boolean(\(expression))") as? Bool != true {
            guard Date() < end else { throw Failure(description: "never came true: \(expression)") }
            usleep(20_000)
        }
    }

    /// The middle of the first element of a selector, scrolled into view.
    private func middle(of selector: String) throws -> (x: Double, y: Double) {
        let place =
            "(e => { e.scrollIntoView({ block: 'center', behavior: 'instant' }); const r = e.getBoundingClientRect(); "
            + "return [r.left + r.width / 2, r.top + r.height / 2]; })(document.querySelector(\(quoted(selector))))"
        guard let point = try evaluate(place) as? [NSNumber], point.count == 2 else {
            throw Failure(description: "\(selector): not there")
        }
        return (point[0].doubleValue, point[1].doubleValue)
    }

    /// Presses the mouse on the middle of the first element of a selector, scrolled into view.
    /// - Throws: `Failure` where there is no such element.
    public func click(_ selector: String) throws {
        let point = try middle(of: selector)
        for kind in ["mousePressed", "mouseReleased"] {
            _ = try send(
                "Input.dispatchMouseEvent",
                [
                    "type": kind, "x": point.x, "y": point.y, "button": "left",
                    "clickCount": 1,
                ])
        }
    }

    /// Presses a key by its name: `ArrowDown`, `Enter`, `j`.
    /// - Throws: `Failure` where the browser does not answer.
    public func press(_ key: String) throws {
        let codes = [
            "Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "ArrowLeft": 37, "ArrowRight": 39, "Tab": 9,
            "Home": 36, "End": 35, " ": 32,
        ]
        let typed = key == "Enter" ? "\r" : key.count == 1 ? key : ""
        let code = codes[key] ?? Int(key.uppercased().unicodeScalars.first?.value ?? 0)
        for kind in [typed.isEmpty ? "rawKeyDown" : "keyDown", "keyUp"] {
            var event: [String: Any] = ["type": kind, "key": key, "windowsVirtualKeyCode": code]
            if kind == "keyDown" { event["text"] = typed }
            _ = try send("Input.dispatchKeyEvent", event)
        }
    }

    /// Types into whatever has the focus.
    /// - Throws: `Failure` where the browser does not answer.
    public func type(_ text: String) throws { _ = try send("Input.insertText", ["text": text]) }

    /// Puts a file into a file input.
    /// - Throws: `Failure` where the browser does not answer.
    public func choose(file path: String, in selector: String) throws {
        let root = try send("DOM.getDocument", [:])["root"] as? [String: Any]
        let node = try send("DOM.querySelector", ["nodeId": root?["nodeId"] ?? 0, "selector": selector])["nodeId"] ?? 0
        _ = try send("DOM.setFileInputFiles", ["files": [path], "nodeId": node])
    }

    /// Drags a file from outside the browser over the first element of a selector and lets it go there, as a person
    /// does from a file manager.
    /// - Throws: `Failure` where there is no such element.
    public func drop(file path: String, on selector: String) throws {
        let point = try middle(of: selector)
        let data: [String: Any] = ["items": [[String: Any]](), "files": [path], "dragOperationsMask": 1]
        for kind in ["dragEnter", "dragOver", "drop"] {
            _ = try send("Input.dispatchDragEvent", ["type": kind, "x": point.x, "y": point.y, "data": data])
        }
    }

    /// Keeps the window as a PNG.
    /// - Throws: `Failure` where the browser does not answer.
    public func picture() throws -> Data {
        Data(base64Encoded: try send("Page.captureScreenshot", ["format": "png"])["data"] as? String ?? "") ?? Data()
    }

    // MARK: What is noticed

    /// What the console, the page's scripts and the browser complained of.
    public var complaints: [String] {
        events.filter { ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"].contains($0.method) }
            .map { "\($0.parameters)" }
    }

    /// Every address that was asked for.
    public var requests: [String] {
        events.filter { $0.method == "Network.requestWillBeSent" }
            .compactMap { ($0.parameters["request"] as? [String: Any])?["url"] as? String }
    }

    /// Seconds of processor time that the page's main thread has taken.
    /// - Throws: `Failure` where the browser does not answer.
    public func processorSeconds() throws -> Double {
        let list = try send("Performance.getMetrics", [:])["metrics"] as? [[String: Any]] ?? []
        return (list.first { $0["name"] as? String == "TaskDuration" }?["value"] as? NSNumber)?.doubleValue ?? .nan
    }

    /// Bytes of memory of the page's process, its share of what processes share, without garbage: when that is collected
    /// is no property of the page.
    /// - Throws: `Failure` where there is no process of a page.
    public func memory() throws -> Int {
        _ = try send("HeapProfiler.collectGarbage", [:])
        let saved = session
        session = ""
        defer { session = saved }
        let list = try send("SystemInfo.getProcessInfo", [:])["processInfo"] as? [[String: Any]] ?? []
        let sizes = list.filter { $0["type"] as? String == "renderer" }.compactMap { ($0["id"] as? NSNumber)?.intValue }
            .map { id -> Int in
                let text = (try? String(contentsOfFile: "/proc/\(id)/smaps_rollup", encoding: .utf8)) ?? ""
                let line = text.split(separator: "\n").first { $0.hasPrefix("Pss:") } ?? ""
                return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
            }
        guard let most = sizes.max(), most > 0 else { throw Failure(description: "no renderer process") }
        return most
    }

    // MARK: The protocol

    @discardableResult
    private func send(_ method: String, _ parameters: [String: Any]) throws -> [String: Any] {
        number += 1
        let own = number
        var message: [String: Any] = ["id": own, "method": method, "params": parameters]
        if !session.isEmpty { message["sessionId"] = session }
        var bytes = [UInt8](try JSONSerialization.data(withJSONObject: message)) + [0]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(description: "cannot write to the browser") }
            bytes.removeFirst(count)
        }
        while true {
            let answer = try receive()
            if let method = answer["method"] as? String { note(method, answer) }
            guard (answer["id"] as? NSNumber)?.intValue == own else { continue }
            if let error = answer["error"] { throw Failure(description: "\(method): \(error)") }
            return answer["result"] as? [String: Any] ?? [:]
        }
    }

    private func note(_ method: String, _ message: [String: Any]) {
        events.append((method, message["params"] as? [String: Any] ?? [:]))
    }

    private func wait(_ isThere: () -> Bool) throws {
        while !isThere() {
            let message = try receive()
            if let method = message["method"] as? String { note(method, message) }
        }
    }

    private func receive() throws -> [String: Any] {
        while true {
            if let end = received.firstIndex(of: 0) {
                let message = Data(received[..<end])
                received.removeSubrange(...end)
                return try JSONSerialization.jsonObject(with: message) as? [String: Any] ?? [:]
            }
            var ready = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&ready, 1, 120_000) == 1 else {
                throw Failure(description: "the browser says nothing for two minutes")
            }
            var buffer = [UInt8](repeating: 0, count: 1 << 20)
            let count = read(output, &buffer, buffer.count)
            guard count > 0 else { throw Failure(description: "the browser is gone") }
            received += buffer[..<count]
        }
    }

    private func quoted(_ text: String) -> String {
        let data = try? JSONSerialization.data(withJSONObject: [text])
        return data.map { String(String(decoding: $0, as: UTF8.self).dropFirst().dropLast()) } ?? "\"\""
    }
}

extension Browser {
    /// Texts whose contrast with what is behind them is below WCAG 2.2's AA: 4.5, or 3 for large ones. Of what is drawn
    /// now.
    /// - Throws: `Failure` for what JavaScript throws.
    public func tooFaint() throws -> [String] {
        try evaluate(
            """
            (() => {
              const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return { c: n.slice(0, 3), a: n.length > 3 ? n[3] : 1 }; };
              const over = (top, below) => top.c.map((value, i) => value * top.a + below[i] * (1 - top.a));
              const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
              const behind = element => {
                const stack = [];
                for (let e = element; e; e = e.parentElement) stack.push(parse(getComputedStyle(e).backgroundColor));
                return stack.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
              };
              const faint = [];
              const check = (element, colour, name) => {
                const below = behind(element), a = light(over(parse(colour), below)), b = light(below);
                const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05), style = getComputedStyle(element);
                const size = parseFloat(style.fontSize), isLarge = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
                if (ratio < (isLarge ? 3 : 4.5)) faint.push(`${name}: ${ratio.toFixed(2)}`);
              };
              for (const element of document.body.querySelectorAll("*")) {
                if (!element.checkVisibility() || element.closest("script, style, noscript, title")) continue;
                const text = [...element.childNodes].filter(n => n.nodeType === 3).map(n => n.textContent.trim()).join("");
                const style = getComputedStyle(element), isDrawn = element instanceof SVGElement;
                if (text && !(isDrawn && element.tagName !== "text")) check(isDrawn ? element.closest("svg").parentElement : element, isDrawn ? style.fill : style.color, `${element.tagName}.${element.getAttribute("class")} ${text.slice(0, 40)}`);
                if (element.placeholder) check(element, getComputedStyle(element, "::placeholder").color, `placeholder ${element.placeholder}`);
              }
              return [...new Set(faint)];
            })()
            """) as? [String] ?? ["no answer"]
    }
}
