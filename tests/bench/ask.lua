-- wrk -s ask.lua URL -- METHOD PATH [FILE]: the same request again and again, or the lines of FILE in turn.
-- A line is "HEADERS|BODY"; headers are "Name: value" with tabs between. Prints one line of JSON at the end.
local requests = {}
local at = 0

local function build(method, path, line)
   local head, body = line:match("^([^|]*)|(.*)$")
   local headers = { Host = "localhost" }
   for name, value in head:gmatch("([^:\t]+): ([^\t]*)") do
      headers[name] = value
   end
   return wrk.format(method, path, headers, body ~= "" and body or nil)
end

function init(args)
   if args[3] then
      for line in io.lines(args[3]) do
         requests[#requests + 1] = build(args[1], args[2], line)
      end
   else
      requests[1] = build(args[1], args[2], "|")
   end
end

function request()
   at = at % #requests + 1
   return requests[at]
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format('{"units": %d, "failed": %d, "seconds": %.4f, "p50": %d, "p99": %d}\n',
      summary.requests, errors.connect + errors.read + errors.write + errors.status + errors.timeout,
      summary.duration / 1e6, latency:percentile(50), latency:percentile(99)))
end
